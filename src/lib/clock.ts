/** Time, passed in so that tests can hold it. */
export interface Clock {
  /** Wall clock, integer milliseconds since the epoch. May jump. */
  now(): number;
  /** Milliseconds since some fixed moment, fractions included. Never goes back, unaffected by wall clock changes. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

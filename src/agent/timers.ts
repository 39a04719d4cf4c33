/** Call-backs after a time, passed in so that tests can hold them. */
export interface Timers {
  /** Calls back once after `ms`; the result cancels that. */
  after(ms: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

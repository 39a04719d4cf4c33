const BACKOFF_BASE_MS = 1000;
const BACKOFF_CAP_MS = 60_000;

/**
 * Exponential backoff with full jitter: anything from 0 to a bound that doubles up to the cap, so that a thousand
 * agents that lost the same server do not come back in the same moment.
 */
export class Backoff {
  #attempts = 0;

  /** @param random uniform in [0, 1) */
  constructor(private readonly random: () => number = Math.random) {}

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const bound = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 16);
    return this.random() * bound;
  }

  reset(): void {
    this.#attempts = 0;
  }
}

import type { Clock } from "../lib/clock.ts";

/** Allows a burst, and then so many a minute. */
export class Rate {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, options: { readonly burst: number; readonly perMinute: number }) {
    this.#clock = clock;
    this.#burst = options.burst;
    this.#perMs = options.perMinute / 60_000;
    this.#left = options.burst;
    this.#at = clock.monotonic();
  }

  /** Takes one; false when none is left. */
  take(): boolean {
    const now = this.#clock.monotonic();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

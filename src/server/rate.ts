import type { Clock } from "../lib/clock.ts";

export interface RateOptions {
  readonly burst: number;
  readonly perMinute: number;
}

/** Allows a burst, and then so many a minute. */
export class Rate {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, options: RateOptions) {
    this.#clock = clock;
    this.#burst = options.burst;
    this.#perMs = options.perMinute / 60_000;
    this.#left = options.burst;
    this.#at = clock.monotonic();
  }

  /** Takes `count`, or nothing when fewer are left. @param count at most the burst. */
  take(count = 1): boolean {
    this.#refill();
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  /** True while there is none to take. */
  get isSpent(): boolean {
    this.#refill();
    return this.#left < 1;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}

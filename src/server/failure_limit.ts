import type { Clock } from "../lib/clock.ts";

const WINDOW_MS = 60_000;

/** Failures within a minute. */
interface FailureLimits {
  readonly perAddress: number;
  readonly global: number;
}

/** How often something may fail within a minute, from one address and in all, before everybody there has to wait. */
export class FailureLimit {
  readonly #clock: Clock;
  readonly #limits: FailureLimits;
  /** Oldest first; at most the global limit and what was in progress when it was reached. */
  #failures: { readonly at: number; readonly address: string }[] = [];

  constructor(clock: Clock, limits: FailureLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  count(address: string): void {
    this.#failures.push({ at: this.#clock.monotonic(), address });
  }

  /** Seconds until this address may try again, 0 when it may now. */
  wait(address: string): number {
    const now = this.#clock.monotonic();
    this.#failures = this.#failures.filter(({ at }) => at > now - WINDOW_MS);
    const own = this.#failures.filter((failure) => failure.address === address);
    const { perAddress, global } = this.#limits;
    const blocking =
      own.length >= perAddress ? own[0] : this.#failures.length >= global ? this.#failures[0] : undefined;
    return blocking === undefined ? 0 : Math.max(1, Math.ceil((blocking.at + WINDOW_MS - now) / 1000));
  }
}

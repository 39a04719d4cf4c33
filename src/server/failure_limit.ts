import type { Clock } from "../lib/clock.ts";

const WINDOW_MS = 60_000;
const PER_ADDRESS = 20;
const GLOBAL = 200;

/** How often joining may fail within a minute, from one address and in all, before everybody there has to wait. */
export class FailureLimit {
  readonly #clock: Clock;
  /** Oldest first; at most GLOBAL and what was in progress when it was reached. */
  #failures: { readonly at: number; readonly address: string }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(address: string): void {
    this.#failures.push({ at: this.#clock.monotonic(), address });
  }

  /** Seconds until this address may try again, 0 when it may now. */
  wait(address: string): number {
    const now = this.#clock.monotonic();
    this.#failures = this.#failures.filter(({ at }) => at > now - WINDOW_MS);
    const own = this.#failures.filter((failure) => failure.address === address);
    const blocking =
      own.length >= PER_ADDRESS ? own[0] : this.#failures.length >= GLOBAL ? this.#failures[0] : undefined;
    return blocking === undefined ? 0 : Math.max(1, Math.ceil((blocking.at + WINDOW_MS - now) / 1000));
  }
}

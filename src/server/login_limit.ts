import type { Clock } from "../lib/clock.ts";

const WINDOW_MS = 60_000;
const PER_ADDRESS = 5;
const GLOBAL = 60;

/**
 * How often somebody may try to log in: 5 times a minute from one address, 60 times a minute in all.
 * It counts attempts at `POST /login` only, so a flood of them never locks out callers with an API token
 * or people who are logged in.
 */
export class LoginLimit {
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, number[]>();
  #all: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one attempt. Returns 0 when it may go on, otherwise the seconds to wait. */
  attempt(address: string): number {
    const now = this.#clock.monotonic();
    this.#forgetBefore(now - WINDOW_MS);
    const own = this.#byAddress.get(address) ?? [];
    const wait = Math.max(waitFor(own, PER_ADDRESS, now), waitFor(this.#all, GLOBAL, now));
    if (wait > 0) return wait;
    own.push(now);
    this.#byAddress.set(address, own);
    this.#all.push(now);
    return 0;
  }

  #forgetBefore(time: number): void {
    // At most GLOBAL attempts are remembered, so this stays small.
    this.#all = this.#all.filter((at) => at > time);
    for (const [address, times] of this.#byAddress) {
      const recent = times.filter((at) => at > time);
      if (recent.length === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, recent);
    }
  }
}

function waitFor(times: readonly number[], limit: number, now: number): number {
  return times.length < limit
    ? 0
    : Math.max(1, Math.ceil((times[times.length - limit]! + WINDOW_MS - now) / 1000));
}

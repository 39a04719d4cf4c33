import type { Clock } from "../lib/clock.ts";
import { MAX_BEGIN_LAYOUTS } from "../wire/messages.ts";
import { Rate } from "./rate.ts";

/** New layouts of one client: a spool's worth at once, then one every five seconds. */
const LAYOUT_RATE = { burst: MAX_BEGIN_LAYOUTS, perMinute: 12 };

/** What one client may add, over all its connections: a reconnect is no way around a limit. */
export class ClientLimits {
  readonly newLayouts: Rate;
  #told = false;

  /** @param series the most that the client may have, those that are gone included. */
  constructor(
    clock: Clock,
    readonly series: number,
  ) {
    this.newLayouts = new Rate(clock, LAYOUT_RATE);
  }

  /** True the first time: who has too many series announces more of them with every layout. */
  mayTell(): boolean {
    const first = !this.#told;
    this.#told = true;
    return first;
  }
}

import type { Clock } from "../lib/clock.ts";
import type { Layout } from "../wire/layout.ts";
import { MAX_BEGIN_LAYOUTS } from "../wire/messages.ts";
import { Rate, type RateOptions } from "./rate.ts";

const SERIES_QUOTA = 50_000;
/** New layouts of one client: a spool's worth at once, then one every five seconds. */
const LAYOUT_RATE: RateOptions = { burst: MAX_BEGIN_LAYOUTS, perMinute: 12 };
/** Series in them: checking and indexing 5,000 takes a fifth of a second, in which nothing else is answered. */
const LAYOUT_SERIES_RATE: RateOptions = { burst: 5000, perMinute: 60 * 200 };

/** Connections of one client. An agent waits before it comes again, longer each time. */
const CONNECT_RATE: RateOptions = { burst: 30, perMinute: 30 };
/** Log lines about a client that connects more often. */
const HASTE_RATE: RateOptions = { burst: 1, perMinute: 1 / 60 };

export interface ClientLimitOptions {
  /** The most series that a client may have, those that are gone included. Default 50,000. */
  readonly seriesQuota?: number;
  /** Default 30, and then 30 a minute. */
  readonly connectRate?: RateOptions;
}

/** What one client may add, over all its connections: a reconnect is no way around a limit. */
export class ClientLimits {
  readonly series: number;
  readonly #newLayouts: Rate;
  readonly #newLayoutSeries: Rate;
  /** Taken by who has proven to be the client: nobody else can use it up. */
  readonly connects: Rate;
  /** Of log lines while {@link connects} is spent. */
  readonly haste: Rate;
  #told = false;

  constructor(clock: Clock, { seriesQuota = SERIES_QUOTA, connectRate = CONNECT_RATE }: ClientLimitOptions) {
    this.series = seriesQuota;
    this.#newLayouts = new Rate(clock, LAYOUT_RATE);
    this.#newLayoutSeries = new Rate(clock, LAYOUT_SERIES_RATE);
    this.connects = new Rate(clock, connectRate);
    this.haste = new Rate(clock, HASTE_RATE);
  }

  /** Counts a new layout; false when it has to wait. */
  takeLayout({ series }: Pick<Layout, "series">): boolean {
    return this.#newLayoutSeries.take(series.length) && this.#newLayouts.take();
  }

  /** True the first time: who has too many series announces more of them with every layout. */
  mayTell(): boolean {
    const first = !this.#told;
    this.#told = true;
    return first;
  }
}

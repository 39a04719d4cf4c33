import type { Clock } from "../lib/clock.ts";
import { QueryError } from "./error.ts";

/** What one query may cost. */
export interface QueryLimits {
  /** Samples read from the source plus points calculated, over the whole query. */
  readonly maxSamples: number;
  /** Series read from the source, over all selectors. */
  readonly maxSeries: number;
  /** Points per series of a range query: `(end - start) / step`. */
  readonly maxPoints: number;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "monotonic">;
}

/** Prometheus's own limits, and a bound on series, which it lacks. */
export const DEFAULT_LIMITS: Omit<QueryLimits, "clock"> = {
  maxSamples: 50_000_000,
  maxSeries: 100_000,
  maxPoints: 11_000,
  timeoutMs: 30_000,
};

/** Steps of work between two looks at the clock: about a tenth of a millisecond. */
const WORK_PER_LOOK = 50_000;

/** Counts what a running query has cost and stops it at the first limit that it passes. */
export class Budget {
  readonly #limits: QueryLimits;
  readonly #deadline: number;
  #samples = 0;
  #series = 0;
  #work = 0;

  constructor(limits: QueryLimits) {
    this.#limits = limits;
    this.#deadline = limits.clock.monotonic() + limits.timeoutMs;
  }

  /** @throws QueryError ("limit"). Call before memory for the samples is taken. */
  chargeSamples(count: number): void {
    this.#samples += count;
    if (this.#samples > this.#limits.maxSamples)
      throw new QueryError(
        "limit",
        `query needs too many samples: at most ${this.#limits.maxSamples} are allowed, this one needs ${this.#samples} or more. Select fewer series, a shorter time range or a longer step`,
      );
  }

  /** @throws QueryError ("limit"). */
  chargeSeries(count: number): void {
    this.#series += count;
    if (this.#series > this.#limits.maxSeries)
      throw new QueryError(
        "limit",
        `query selects too many series: at most ${this.#limits.maxSeries} are allowed, this one selects ${this.#series} or more. Add matchers, for example instance="…"`,
      );
  }

  /** Notes some steps of work (samples visited), and looks at the clock now and then. @throws QueryError ("timeout"). */
  work(steps: number): void {
    this.#work += steps;
    if (this.#work >= WORK_PER_LOOK) this.checkDeadline();
  }

  /** @throws QueryError ("timeout"). */
  checkDeadline(): void {
    this.#work = 0;
    if (this.#limits.clock.monotonic() > this.#deadline)
      throw new QueryError(
        "timeout",
        `query timed out: at most ${this.#limits.timeoutMs / 1000} s are allowed, and it has not finished in that time. Select fewer series, a shorter time range or a longer step`,
      );
  }
}

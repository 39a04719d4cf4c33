import type { Labels } from "../metrics/labels.ts";

/** One label matcher of a selector, as PromQL defines them; regular expressions are anchored at both ends. */
export interface Matcher {
  readonly name: string;
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

/** The samples of one series, oldest first, no timestamp twice. */
export interface SeriesSamples {
  readonly labels: Labels;
  /** Milliseconds since the epoch, strictly increasing. */
  readonly timestamps: Float64Array;
  /** NaN is a stale marker: the series had ended at that time. */
  readonly values: Float64Array;
}

/** Where a query's samples come from: the store, a remote engine, an agent's latest values. */
export interface Source {
  /**
   * Every series that satisfies all matchers and has a sample with `start ≤ timestamp ≤ end` (milliseconds),
   * with exactly the samples in that span, in no particular order of series.
   * @throws QueryError (kind "limit") when the selection exceeds the query's limits.
   */
  select(matchers: readonly Matcher[], start: number, end: number): Promise<SeriesSamples[]>;
}

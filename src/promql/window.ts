import type { Labels } from "../metrics/labels.ts";

/** A series of a range vector before it is cut into windows. Stale markers are gone: NaN is a value. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/**
 * The samples of one series with `start < timestamp ≤ end`, as the indexes `[from, to)`. It slides: ends must not
 * decrease from one {@link moveTo} to the next, so that a whole range query visits each sample once.
 */
export class Window {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Milliseconds. */
  readonly range: number;
  from = 0;
  to = 0;
  start = 0;
  end = 0;
  /** The time of the step, which differs from `end` under an offset or `@`. */
  time = 0;
  #resets: number[] | undefined;
  #nextReset = 0;

  constructor(series: RangeSeries, range: number) {
    this.timestamps = series.timestamps;
    this.values = series.values;
    this.range = range;
  }

  get size(): number {
    return this.to - this.from;
  }

  get last(): number {
    return this.to - 1;
  }

  moveTo(end: number, time: number): void {
    const { timestamps } = this;
    this.time = time;
    this.end = end;
    this.start = end - this.range;
    while (this.to < timestamps.length && timestamps[this.to]! <= end) this.to++;
    while (this.from < this.to && timestamps[this.from]! <= this.start) this.from++;
  }

  /** What a counter lost by resets inside the window: the sum of the values before each fall. */
  lostByResets(): number {
    this.#resets ??= resetIndexes(this.values);
    const resets = this.#resets;
    while (this.#nextReset < resets.length && resets[this.#nextReset]! <= this.from) this.#nextReset++;
    let lost = 0;
    for (let r = this.#nextReset; r < resets.length && resets[r]! < this.to; r++)
      lost += this.values[resets[r]! - 1]!;
    return lost;
  }
}

/** The indexes whose value is lower than the one before. */
function resetIndexes(values: Float64Array): number[] {
  const indexes: number[] = [];
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) indexes.push(i);
  return indexes;
}

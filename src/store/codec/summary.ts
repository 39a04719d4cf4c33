/** What a chunk says of its samples without its columns being decoded. Stale markers count in `count` alone. */
export interface Summary {
  /** All samples, stale markers included. */
  count: number;
  /** Samples that are not stale markers. When there are none, all that follows is NaN, or 0 for sums and counts. */
  present: number;
  /** Times of the first and last non-stale samples, ms. */
  firstTimestamp: number;
  lastTimestamp: number;
  firstValue: number;
  lastValue: number;
  min: number;
  max: number;
  sum: number;
  /** `lastValue − firstValue` plus, for each reset, the value before it: PromQL's increase before extrapolation. */
  increase: number;
  /** How often a value is smaller than the one before. */
  resets: number;
}

/** The part of a summary that the values alone decide. */
export type ValueSummary = Omit<Summary, "count" | "firstTimestamp" | "lastTimestamp">;

export const NO_VALUES: ValueSummary = {
  present: 0,
  firstValue: Number.NaN,
  lastValue: Number.NaN,
  min: Number.NaN,
  max: Number.NaN,
  sum: 0,
  increase: 0,
  resets: 0,
};

/** The definition: what {@link Summary} means, computed from samples. */
export function summarise(timestamps: Float64Array, values: Float64Array, count: number): Summary {
  const present: number[] = [];
  let firstTimestamp = Number.NaN;
  let lastTimestamp = Number.NaN;
  for (let i = 0; i < count; i++) {
    if (Number.isNaN(values[i]!)) continue;
    if (present.length === 0) firstTimestamp = timestamps[i]!;
    lastTimestamp = timestamps[i]!;
    present.push(values[i]!);
  }
  return {
    count,
    firstTimestamp,
    lastTimestamp,
    ...summariseValues(Float64Array.from(present), 0, present.length),
  };
}

/** @param values no NaN in `values[offset … offset + n)` */
export function summariseValues(values: Float64Array, offset: number, n: number): ValueSummary {
  if (n === 0) return NO_VALUES;
  const firstValue = values[offset]!;
  const lastValue = values[offset + n - 1]!;
  let min = firstValue;
  let max = firstValue;
  let resets = 0;
  let beforeResets = 0;
  let previous = firstValue;
  for (let i = offset + 1; i < offset + n; i++) {
    const value = values[i]!;
    if (value < previous) {
      resets++;
      beforeResets += previous;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    previous = value;
  }
  const increase = lastValue - firstValue + beforeResets;
  return { present: n, firstValue, lastValue, min, max, sum: exactSum(values, offset, n), increase, resets };
}

/** Neumaier's compensated sum, as PromQL's sum_over_time takes it. */
function exactSum(values: Float64Array, offset: number, n: number): number {
  let sum = 0;
  let lost = 0;
  for (let i = offset; i < offset + n; i++) {
    const value = values[i]!;
    const next = sum + value;
    if (!Number.isFinite(next)) lost = 0;
    else if (Math.abs(sum) >= Math.abs(value)) lost += sum - next + value;
    else lost += value - next + sum;
    sum = next;
  }
  return sum + lost;
}

import { KahanSum, mean } from "../kahan.ts";
import { quantile } from "../quantile.ts";
import type { RangeFunction } from "../range.ts";
import type { Window } from "../window.ts";

const overTime = (apply: RangeFunction["apply"], keepsName = false): RangeFunction => ({
  minSamples: 1,
  keepsName,
  apply,
});

/** The functions that summarise the values in a window. */
export const OVER_TIME_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  avg_over_time: overTime(({ values, from, to }) => mean(values, from, to)),
  sum_over_time: overTime(sum),
  count_over_time: overTime((window) => window.size),
  present_over_time: overTime(() => 1),
  min_over_time: overTime((window) => best(window, (a, b) => a < b)),
  max_over_time: overTime((window) => best(window, (a, b) => a > b)),
  first_over_time: overTime(({ values, from }) => values[from]!, true),
  last_over_time: overTime(({ values, last }) => values[last]!, true),
  stddev_over_time: overTime((window) => Math.sqrt(variance(window))),
  stdvar_over_time: overTime(variance),
  quantile_over_time: overTime(({ values, from, to }, phi) => quantile(phi, values.slice(from, to))),
  mad_over_time: overTime(medianAbsoluteDeviation),
  changes: overTime(changes),
  resets: overTime(resets),
};

function sum({ values, from, to }: Window): number {
  const total = new KahanSum();
  for (let i = from; i < to; i++) total.add(values[i]!);
  return total.total;
}

/** The value that none beats; NaN only when all are. */
function best({ values, from, to }: Window, beats: (a: number, b: number) => boolean): number {
  let result = values[from]!;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (beats(value, result) || Number.isNaN(result)) result = value;
  }
  return result;
}

/** Of the whole population, by Welford's method. */
function variance({ values, from, to }: Window): number {
  const average = new KahanSum();
  const squares = new KahanSum();
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const delta = value - average.total;
    average.add(delta / (i - from + 1));
    squares.add(delta * (value - average.total));
  }
  return squares.total / (to - from);
}

function medianAbsoluteDeviation({ values, from, to }: Window): number {
  const window = values.slice(from, to);
  if (window.some(Number.isNaN)) return Number.NaN;
  const median = quantile(0.5, window);
  return quantile(
    0.5,
    window.map((value) => Math.abs(value - median)),
  );
}

function changes({ values, from, to }: Window): number {
  let count = 0;
  for (let i = from + 1; i < to; i++) {
    const bothNaN = Number.isNaN(values[i]) && Number.isNaN(values[i - 1]);
    if (values[i] !== values[i - 1] && !bothNaN) count++;
  }
  return count;
}

function resets({ values, from, to }: Window): number {
  let count = 0;
  for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) count++;
  return count;
}

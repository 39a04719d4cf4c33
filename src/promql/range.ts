import type { Labels } from "../metrics/labels.ts";
import { type Reference, referenceTime } from "./grid.ts";
import { withoutName } from "./labelset.ts";
import type { SeriesSamples } from "./source.ts";
import { type Column, type Context, emptyColumn, hasValues, requireUniqueLabels } from "./value.ts";
import { type RangeSeries, Window } from "./window.ts";

/** A range selector's or subquery's series, and which window `(t - range, t]` of them each step sees. */
export interface RangeVector {
  readonly series: readonly RangeSeries[];
  /** Milliseconds. */
  readonly range: number;
  readonly reference: Reference;
}

/** A function of one series' samples in a window, such as rate(). */
export interface RangeFunction {
  /** A window with fewer samples gives no value. */
  readonly minSamples: 1 | 2;
  /** True where the result is the same metric: `last_over_time`. */
  readonly keepsName?: boolean;
  /** `param` is the function's scalar argument at this step; NaN when it has none. */
  apply(window: Window, param: number): number;
}

/** @throws QueryError: "execution" when dropping names makes two series alike, "limit", "timeout". */
export function applyRangeFunction(
  fn: RangeFunction,
  vector: RangeVector,
  param: Float64Array | undefined,
  context: Context,
): Column[] {
  const { grid, budget } = context;
  const columns: Column[] = [];
  for (const series of vector.series) {
    const column = emptyColumn(fn.keepsName ? series.labels : withoutName(series.labels), context);
    const window = new Window(series, vector.range);
    for (let i = 0; i < grid.count; i++) {
      const time = grid.start + i * grid.step;
      window.moveTo(referenceTime(vector.reference, time), time);
      budget.work(1 + window.size);
      if (window.size < fn.minSamples) continue;
      column.values[i] = fn.apply(window, param ? param[i]! : Number.NaN);
      column.present[i] = 1;
    }
    if (hasValues(column)) columns.push(column);
  }
  requireUniqueLabels(columns);
  return columns;
}

/** Samples as a range selector sees them: without stale markers. */
export function withoutStaleMarkers(series: SeriesSamples): RangeSeries {
  const { labels, timestamps, values } = series;
  let real = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) real++;
  return real === values.length
    ? series
    : compact(labels, real, timestamps, values, (i) => !Number.isNaN(values[i]));
}

/** A column, which a subquery calculated at the steps of its own grid, as samples. */
export function columnSamples(column: Column, { grid }: Context): RangeSeries {
  const times = Float64Array.from({ length: grid.count }, (_, i) => grid.start + i * grid.step);
  let count = 0;
  for (let i = 0; i < grid.count; i++) count += column.present[i]!;
  return compact(column.labels, count, times, column.values, (i) => column.present[i] === 1);
}

function compact(
  labels: Labels,
  count: number,
  timestamps: Float64Array,
  values: Float64Array,
  keep: (index: number) => boolean,
): RangeSeries {
  const kept = { labels, timestamps: new Float64Array(count), values: new Float64Array(count) };
  for (let from = 0, to = 0; to < count; from++) {
    if (!keep(from)) continue;
    kept.timestamps[to] = timestamps[from]!;
    kept.values[to++] = values[from]!;
  }
  return kept;
}

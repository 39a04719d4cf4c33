import { type Reference, referenceTime } from "./grid.ts";
import type { SeriesSamples } from "./source.ts";
import { type Column, type Context, emptyColumn, hasValues } from "./value.ts";

/** How far an instant vector selector looks back for a sample, in milliseconds. */
export const LOOKBACK_MS = 300_000;

/**
 * An instant vector selector over the grid: at each step the newest sample in `(t - 5 min, t]`, unless that is a
 * stale marker. With `sampleTimes`, the sample's time in seconds in place of its value.
 */
export function selectInstant(
  series: readonly SeriesSamples[],
  reference: Reference,
  context: Context,
  sampleTimes = false,
): Column[] {
  const { grid, budget } = context;
  const columns: Column[] = [];
  for (const { labels, timestamps, values } of series) {
    const column = emptyColumn(labels, context);
    budget.work(timestamps.length + grid.count);
    let next = 0;
    for (let i = 0; i < grid.count; i++) {
      const time = referenceTime(reference, grid.start + i * grid.step);
      while (next < timestamps.length && timestamps[next]! <= time) next++;
      const newest = next - 1;
      if (newest < 0 || timestamps[newest]! <= time - LOOKBACK_MS) continue;
      const value = values[newest]!;
      if (Number.isNaN(value)) continue;
      column.values[i] = sampleTimes ? timestamps[newest]! / 1000 : value;
      column.present[i] = 1;
    }
    if (hasValues(column)) columns.push(column);
  }
  return columns;
}

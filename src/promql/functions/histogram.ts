import { type Labels, labelsKey, labelValue } from "../../metrics/labels.ts";
import { dropLabels, withoutName } from "../labelset.ts";
import { type Column, type Context, emptyColumn, hasValues, mergeSameLabels } from "../value.ts";

interface Bucket {
  readonly upperBound: number;
  count: number;
}

/** Relative difference between neighbouring buckets that counts as rounding. */
const ROUNDING = 1e-12;

/** histogram_quantile() on classic histograms: series that differ in `le`, the buckets' upper bounds, alone. */
export function histogramQuantile(phi: Float64Array, columns: readonly Column[], context: Context): Column[] {
  const results: Column[] = [];
  for (const { labels, buckets } of histograms(columns)) {
    const result = emptyColumn(withoutName(labels), context);
    for (let i = 0; i < phi.length; i++) {
      context.budget.work(buckets.length);
      const present = buckets.filter(({ column }) => column.present[i] === 1);
      if (present.length === 0) continue;
      const counts = present.map(({ upperBound, column }) => ({ upperBound, count: column.values[i]! }));
      result.values[i] = bucketQuantile(phi[i]!, counts);
      result.present[i] = 1;
    }
    if (hasValues(result)) results.push(result);
  }
  return mergeSameLabels(results);
}

interface Histogram {
  readonly labels: Labels;
  /** By ascending upper bound. */
  readonly buckets: { readonly upperBound: number; readonly column: Column }[];
}

function histograms(columns: readonly Column[]): Histogram[] {
  const byLabels = new Map<string, Histogram>();
  const le = new Set(["le"]);
  for (const column of columns) {
    const upperBound = parseBound(labelValue(column.labels, "le"));
    if (upperBound === undefined) continue;
    const labels = dropLabels(column.labels, le);
    const key = labelsKey(labels);
    const histogram = byLabels.get(key) ?? { labels, buckets: [] };
    histogram.buckets.push({ upperBound, column });
    byLabels.set(key, histogram);
  }
  for (const { buckets } of byLabels.values()) buckets.sort((a, b) => a.upperBound - b.upperBound || 0);
  return [...byLabels.values()];
}

/** A series whose `le` is no number is no bucket. */
function parseBound(text: string): number | undefined {
  const infinity = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (infinity) return infinity[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/**
 * Interpolates linearly inside the bucket that holds the quantile, as `BucketQuantile` in Prometheus does; the
 * lowest bucket starts at 0 unless its bound is negative, and for the highest one the bound below it is the answer.
 */
function bucketQuantile(phi: number, unmerged: Bucket[]): number {
  if (Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return Number.NEGATIVE_INFINITY;
  if (phi > 1) return Number.POSITIVE_INFINITY;
  if (unmerged.at(-1)?.upperBound !== Number.POSITIVE_INFINITY) return Number.NaN;
  const buckets = mergeBounds(unmerged);
  makeMonotonic(buckets);
  const last = buckets.length - 1;
  const observations = buckets[last]!.count;
  if (buckets.length < 2 || observations === 0) return Number.NaN;

  const rank = phi * observations;
  const found = buckets.findIndex(({ count }, i) => i === last || count >= rank);
  const { upperBound, count } = buckets[found]!;
  if (found === last) return buckets[last - 1]!.upperBound;
  if (found === 0) return upperBound <= 0 ? upperBound : upperBound * (rank / count);
  const below = buckets[found - 1]!;
  return below.upperBound + (upperBound - below.upperBound) * ((rank - below.count) / (count - below.count));
}

/** Adds up buckets that differ only in how their bound is written. */
function mergeBounds(buckets: readonly Bucket[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const bucket of buckets) {
    const previous = merged.at(-1);
    if (previous?.upperBound === bucket.upperBound) previous.count += bucket.count;
    else merged.push({ ...bucket });
  }
  return merged;
}

/** Cumulative counts cannot fall: rounding and buckets read at different moments are evened out. */
function makeMonotonic(buckets: Bucket[]): void {
  let previous = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    const difference = Math.abs(bucket.count - previous);
    const rounding =
      difference / Math.min(Math.abs(bucket.count) + Math.abs(previous), Number.MAX_VALUE) < ROUNDING;
    if (bucket.count < previous || rounding) bucket.count = previous;
    else previous = bucket.count;
  }
}

/**
 * The φ-quantile of some values, interpolated linearly between the two next to it; NaN values sort lowest.
 * NaN of no values or of φ = NaN; -Inf below 0 and +Inf above 1. Sorts `values` in place.
 */
export function quantile(phi: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return Number.NEGATIVE_INFINITY;
  if (phi > 1) return Number.POSITIVE_INFINITY;
  values.sort();
  // Typed arrays sort NaN last; PromQL wants it first.
  let nans = 0;
  while (nans < values.length && Number.isNaN(values[values.length - 1 - nans]!)) nans++;
  const at = (index: number): number => (index < nans ? Number.NaN : values[index - nans]!);
  const rank = phi * (values.length - 1);
  const lower = Math.floor(rank);
  const weight = rank - lower;
  return at(lower) * (1 - weight) + at(Math.min(values.length - 1, lower + 1)) * weight;
}

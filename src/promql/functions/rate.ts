import type { RangeFunction } from "../range.ts";
import type { Window } from "../window.ts";

/** rate(), increase() and delta(), and the two that look at the last two samples only. */
export const RATE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: { minSamples: 2, apply: (window) => extrapolated(window, true) / (window.range / 1000) },
  increase: { minSamples: 2, apply: (window) => extrapolated(window, true) },
  delta: { minSamples: 2, apply: (window) => extrapolated(window, false) },
  irate: { minSamples: 2, apply: instantRate },
  idelta: { minSamples: 2, apply: ({ values, last }) => values[last]! - values[last - 1]! },
};

/**
 * The change over the whole window, from the samples in it: the change between the first and the last one, stretched
 * to the window's ends where those are near (1.1 times the mean distance between samples), otherwise by half
 * that distance; never further back than to where a counter would have been zero. The rules are those of
 * `extrapolatedRate` in Prometheus 3 (promql/functions.go).
 */
function extrapolated(window: Window, isCounter: boolean): number {
  const { timestamps, values, from, last } = window;
  const first = values[from]!;
  let change = values[last]! - first;
  if (isCounter) change += window.lostByResets();

  const sampled = (timestamps[last]! - timestamps[from]!) / 1000;
  const meanDistance = sampled / (last - from);
  const near = meanDistance * 1.1;
  let toStart = (timestamps[from]! - window.start) / 1000;
  let toEnd = (window.end - timestamps[last]!) / 1000;
  if (toStart >= near) toStart = meanDistance / 2;
  if (isCounter && change > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / change));
  if (toEnd >= near) toEnd = meanDistance / 2;
  return change * ((sampled + toStart + toEnd) / sampled);
}

function instantRate({ timestamps, values, last }: Window): number {
  const current = values[last]!;
  const previous = values[last - 1]!;
  const change = current < previous ? current : current - previous;
  return change / ((timestamps[last]! - timestamps[last - 1]!) / 1000);
}

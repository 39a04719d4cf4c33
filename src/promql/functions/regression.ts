import { KahanSum } from "../kahan.ts";
import type { RangeFunction } from "../range.ts";
import type { Window } from "../window.ts";

/** The functions that fit a straight line through a window's samples. */
export const REGRESSION_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  deriv: { minSamples: 2, apply: (window) => fitLine(window, window.timestamps[window.from]!).slope },
  predict_linear: {
    minSamples: 2,
    apply: (window, seconds) => {
      const { slope, intercept } = fitLine(window, window.time);
      return slope * seconds + intercept;
    },
  },
};

/** Least squares; the slope is per second, the intercept at `origin` (milliseconds). */
function fitLine(
  { timestamps, values, from, to }: Window,
  origin: number,
): { slope: number; intercept: number } {
  const x = new KahanSum();
  const y = new KahanSum();
  const xy = new KahanSum();
  const xx = new KahanSum();
  const first = values[from]!;
  let constant = true;
  for (let i = from; i < to; i++) {
    const seconds = (timestamps[i]! - origin) / 1000;
    const value = values[i]!;
    if (i > from && value !== first) constant = false;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    xx.add(seconds * seconds);
  }
  if (constant)
    return Number.isFinite(first) || Number.isNaN(first)
      ? { slope: 0, intercept: first }
      : { slope: Number.NaN, intercept: Number.NaN };
  const n = to - from;
  const sumX = x.sum + x.compensation;
  const sumY = y.sum + y.compensation;
  const covariance = xy.sum + xy.compensation - (sumX * sumY) / n;
  const variance = xx.sum + xx.compensation - (sumX * sumX) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

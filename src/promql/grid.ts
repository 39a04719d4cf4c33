import type { At } from "./ast.ts";
import { QueryError } from "./error.ts";

/** What a query asks for: the value at one time, or at every step from start to end. Milliseconds. */
export type QueryParams =
  | { readonly kind: "instant"; readonly time: number }
  | { readonly kind: "range"; readonly start: number; readonly end: number; readonly step: number };

/** The times at which an expression is evaluated: `start + i × step` for `0 ≤ i < count`, in milliseconds. */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Step of a subquery that states none, in milliseconds: Prometheus's default evaluation interval. */
const DEFAULT_SUBQUERY_STEP = 60_000;

/** @throws QueryError: "bad_data" for times that make no grid, "limit" for more than `maxPoints` steps. */
export function gridOf(params: QueryParams, maxPoints: number): Grid {
  if (params.kind === "instant") {
    requireTime("time", params.time);
    return { start: params.time, step: 1, count: 1 };
  }
  const { start, end, step } = params;
  requireTime("start", start);
  requireTime("end", end);
  if (end < start)
    throw new QueryError(
      "bad_data",
      "end timestamp must not be before start time: swap them, or correct one",
    );
  if (!(Number.isSafeInteger(step) && step > 0))
    throw new QueryError(
      "bad_data",
      `zero or negative query resolution step widths are not accepted: step is ${step} ms. Try a positive integer`,
    );
  if ((end - start) / step > maxPoints)
    throw new QueryError(
      "limit",
      `exceeded maximum resolution of ${maxPoints} points per timeseries: (end - start) / step is ${Math.floor((end - start) / step)}. Use a step of at least ${Math.ceil((end - start) / maxPoints / 1000)} s`,
    );
  return { start, step, count: Math.floor((end - start) / step) + 1 };
}

export function lastTime(grid: Grid): number {
  return grid.start + (grid.count - 1) * grid.step;
}

/** The query's own bounds, which `@ start()` and `@ end()` stand for, in subqueries too. */
export interface Bounds {
  readonly start: number;
  readonly end: number;
}

export function boundsOf(params: QueryParams): Bounds {
  return params.kind === "instant"
    ? { start: params.time, end: params.time }
    : { start: params.start, end: params.end };
}

/** Which time a selector or subquery looks at when it is evaluated at `time`: `(fixed ?? time) - offset`. */
export interface Reference {
  /** The time of an `@` modifier. */
  readonly fixed: number | undefined;
  readonly offset: number;
}

export function referenceOf(node: { at: At | undefined; offset: number }, bounds: Bounds): Reference {
  const fixed = node.at && (node.at.kind === "time" ? node.at.time : bounds[node.at.kind]);
  return { fixed, offset: node.offset };
}

export function referenceTime(reference: Reference, time: number): number {
  return (reference.fixed ?? time) - reference.offset;
}

/**
 * Where a subquery evaluates its expression so that every window `(t - range, t]` of the outer grid is filled:
 * multiples of its step. The count is 0 when no multiple falls into them.
 */
export function subqueryGrid(
  node: { range: number; step: number | undefined },
  reference: Reference,
  outer: Grid,
): Grid {
  const step = node.step ?? DEFAULT_SUBQUERY_STEP;
  const before = referenceTime(reference, outer.start) - node.range;
  const start = (Math.floor(before / step) + 1) * step;
  const end = referenceTime(reference, lastTime(outer));
  return { start, step, count: Math.max(0, Math.floor((end - start) / step) + 1) };
}

function requireTime(name: string, value: number): void {
  if (!Number.isSafeInteger(value))
    throw new QueryError(
      "bad_data",
      `invalid parameter "${name}": expected whole milliseconds, got ${value}`,
    );
}

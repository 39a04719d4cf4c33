import type { Expr, VectorSelector } from "./ast.ts";
import {
  type Bounds,
  boundsOf,
  type Grid,
  gridOf,
  lastTime,
  type QueryParams,
  referenceOf,
  referenceTime,
  subqueryGrid,
} from "./grid.ts";
import { LOOKBACK_MS } from "./instant.ts";
import type { Matcher } from "./source.ts";

/** The samples that one selector of a query needs: `start ≤ timestamp ≤ end`, in milliseconds. */
export interface SelectorSpan {
  readonly matchers: readonly Matcher[];
  readonly start: number;
  readonly end: number;
}

/** What a query will ask of its source, one entry per selector in the order of the text. */
export function selectorsOf(expr: Expr, params: QueryParams): SelectorSpan[] {
  return [...selectorSpans(expr, params).values()];
}

/** The same by selector. Selectors of subqueries without any step need nothing and are left out. */
export function selectorSpans(expr: Expr, params: QueryParams): Map<VectorSelector, SelectorSpan> {
  const spans = new Map<VectorSelector, SelectorSpan>();
  collect(expr, gridOf(params, Number.POSITIVE_INFINITY), boundsOf(params), spans);
  return spans;
}

function collect(expr: Expr, grid: Grid, bounds: Bounds, spans: Map<VectorSelector, SelectorSpan>): void {
  const add = (selector: VectorSelector, reach: number): void => {
    const reference = referenceOf(selector, bounds);
    spans.set(selector, {
      matchers: selector.matchers,
      start: referenceTime(reference, grid.start) - reach + 1,
      end: referenceTime(reference, lastTime(grid)),
    });
  };
  switch (expr.kind) {
    case "number":
    case "string":
      return;
    case "vectorSelector":
      add(expr, LOOKBACK_MS);
      return;
    case "matrixSelector":
      add(expr.selector, expr.range);
      return;
    case "subquery": {
      const inner = subqueryGrid(expr, referenceOf(expr, bounds), grid);
      if (inner.count > 0) collect(expr.expr, inner, bounds, spans);
      return;
    }
    case "call":
      for (const argument of expr.args) collect(argument, grid, bounds, spans);
      return;
    case "aggregation":
      if (expr.param) collect(expr.param, grid, bounds, spans);
      collect(expr.expr, grid, bounds, spans);
      return;
    case "binary":
      collect(expr.left, grid, bounds, spans);
      collect(expr.right, grid, bounds, spans);
      return;
    case "unary":
    case "paren":
      collect(expr.expr, grid, bounds, spans);
      return;
    default:
      expr satisfies never;
  }
}

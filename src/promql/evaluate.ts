import type { Labels } from "../metrics/labels.ts";
import { unparenthesised, type VectorSelector } from "./ast.ts";
import { documentedType, typeOf } from "./check.ts";
import { executionError, QueryError } from "./error.ts";
import { Evaluator } from "./evaluator.ts";
import { boundsOf, type Grid, gridOf, type QueryParams, referenceTime } from "./grid.ts";
import { compareLabels } from "./labelset.ts";
import { Budget, type QueryLimits } from "./limits.ts";
import { parse } from "./parse.ts";
import type { RangeVector } from "./range.ts";
import { type SelectorSpan, selectorSpans } from "./selectors.ts";
import type { SeriesSamples, Source } from "./source.ts";
import type { Column, Value } from "./value.ts";
import type { RangeSeries } from "./window.ts";
import { Window } from "./window.ts";

/** One value of one series. */
interface ResultSample {
  readonly labels: Labels;
  readonly value: number;
}

/** The answer to a query, in Prometheus's four forms. Times in milliseconds. */
export type QueryResult =
  | { readonly type: "scalar"; readonly time: number; readonly value: number }
  | { readonly type: "string"; readonly time: number; readonly value: string }
  | { readonly type: "vector"; readonly time: number; readonly samples: readonly ResultSample[] }
  | { readonly type: "matrix"; readonly series: readonly RangeSeries[] };

/**
 * Evaluates a query at one time or over a range: reads what its selectors need, then calculates.
 * A range gives a matrix sorted by labels; an instant gives what the expression is.
 * @throws QueryError, of any kind. Errors of the source pass through.
 */
export async function evaluate(
  source: Source,
  query: string,
  params: QueryParams,
  limits: QueryLimits,
): Promise<QueryResult> {
  const budget = new Budget(limits);
  const expr = parse(query);
  const grid = gridOf(params, limits.maxPoints);
  const type = typeOf(expr);
  if (params.kind === "range" && type !== "scalar" && type !== "vector")
    throw new QueryError(
      "bad_data",
      `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
    );
  const samples = await readSamples(source, selectorSpans(expr, params), budget);
  const evaluator = new Evaluator(samples, boundsOf(params), budget);
  if (type === "matrix") {
    const vector = evaluator.rangeVector(unparenthesised(expr), grid);
    return { type: "matrix", series: windowsAt(vector, grid.start) };
  }
  const value = evaluator.evaluate(expr, grid);
  return params.kind === "range" ? matrixResult(value, grid) : instantResult(value, params.time);
}

/** Selectors that need the same samples share one read. */
async function readSamples(
  source: Source,
  spans: ReadonlyMap<VectorSelector, SelectorSpan>,
  budget: Budget,
): Promise<Map<VectorSelector, readonly SeriesSamples[]>> {
  const bySpan = new Map<string, readonly SeriesSamples[]>();
  const bySelector = new Map<VectorSelector, readonly SeriesSamples[]>();
  for (const [selector, span] of spans) {
    const key = JSON.stringify(span);
    let series = bySpan.get(key);
    if (!series) {
      budget.checkDeadline();
      series = await source.select(span.matchers, span.start, span.end);
      budget.chargeSeries(series.length);
      budget.chargeSamples(series.reduce((sum, { timestamps }) => sum + timestamps.length, 0));
      bySpan.set(key, series);
    }
    bySelector.set(selector, series);
  }
  budget.checkDeadline();
  return bySelector;
}

function windowsAt({ series, range, reference }: RangeVector, time: number): RangeSeries[] {
  const cut = series.map((whole) => {
    const window = new Window(whole, range);
    window.moveTo(referenceTime(reference, time), time);
    return {
      labels: whole.labels,
      timestamps: whole.timestamps.subarray(window.from, window.to),
      values: whole.values.subarray(window.from, window.to),
    };
  });
  return sortedByLabels(cut.filter(({ timestamps }) => timestamps.length > 0));
}

function instantResult(value: Value, time: number): QueryResult {
  switch (value.type) {
    case "scalar":
      return { type: "scalar", time, value: value.values[0]! };
    case "string":
      return { type: "string", time, value: value.value };
    case "vector": {
      const samples = value.columns.map(({ labels, values }) => ({ labels, value: values[0]! }));
      return { type: "vector", time, samples };
    }
    default:
      return value satisfies never;
  }
}

function matrixResult(value: Value, grid: Grid): QueryResult {
  if (value.type === "string") throw executionError("a string cannot be evaluated over a range");
  const columns = value.type === "vector" ? value.columns : [constantColumn(value.values)];
  return { type: "matrix", series: sortedByLabels(columns.map((column) => pointsOf(column, grid))) };
}

function constantColumn(values: Float64Array): Column {
  return { labels: [], values, present: new Uint8Array(values.length).fill(1) };
}

function pointsOf({ labels, values, present }: Column, grid: Grid): RangeSeries {
  const timestamps: number[] = [];
  const points: number[] = [];
  for (let i = 0; i < grid.count; i++) {
    if (present[i] === 0) continue;
    timestamps.push(grid.start + i * grid.step);
    points.push(values[i]!);
  }
  return { labels, timestamps: Float64Array.from(timestamps), values: Float64Array.from(points) };
}

function sortedByLabels(series: RangeSeries[]): RangeSeries[] {
  return series.sort((a, b) => compareLabels(a.labels, b.labels));
}

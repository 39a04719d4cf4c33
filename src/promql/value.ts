import { type Labels, labelsKey } from "../metrics/labels.ts";
import { executionError } from "./error.ts";
import type { Grid } from "./grid.ts";
import type { Budget } from "./limits.ts";

/**
 * A series on the step grid: it has a value at step `i` where `present[i]` is 1. NaN is a value like others.
 * It belongs to the one expression that made it, then to the one around it, which may write into it.
 */
export interface Column {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** The value of an expression at every step of a grid. Range vectors exist only as arguments (range.ts). */
export type Value =
  | { readonly type: "scalar"; readonly values: Float64Array }
  | { readonly type: "vector"; readonly columns: Column[] }
  | { readonly type: "string"; readonly value: string };

/** What evaluating needs besides the expression. */
export interface Context {
  readonly grid: Grid;
  readonly budget: Budget;
}

/** A column without values. @throws QueryError ("limit"). */
export function emptyColumn(labels: Labels, { grid, budget }: Context): Column {
  budget.chargeSamples(grid.count);
  return { labels, values: new Float64Array(grid.count), present: new Uint8Array(grid.count) };
}

export function hasValues(column: Column): boolean {
  return column.present.includes(1);
}

/** @throws QueryError ("limit"). */
export function scalarOf({ grid, budget }: Context, valueAt: (step: number) => number): Value {
  budget.chargeSamples(grid.count);
  return { type: "scalar", values: Float64Array.from({ length: grid.count }, (_, i) => valueAt(i)) };
}

/**
 * Joins columns that an operation has given the same labels; the rest stays as it is.
 * @throws QueryError ("execution") when two of them have a value at the same step.
 */
export function mergeSameLabels(columns: Column[]): Column[] {
  if (columns.length < 2) return columns;
  const byKey = new Map<string, Column>();
  for (const column of columns) {
    const key = labelsKey(column.labels);
    const first = byKey.get(key);
    if (first) addValues(first, column);
    else byKey.set(key, column);
  }
  return byKey.size === columns.length ? columns : [...byKey.values()];
}

function addValues(into: Column, from: Column): void {
  for (let i = 0; i < from.present.length; i++) {
    if (from.present[i] === 0) continue;
    if (into.present[i] === 1) throw duplicateLabels();
    into.present[i] = 1;
    into.values[i] = from.values[i]!;
  }
}

/** @throws QueryError ("execution") when two columns have the same labels, at whatever steps. */
export function requireUniqueLabels(columns: readonly Column[]): void {
  if (columns.length < 2) return;
  if (new Set(columns.map((column) => labelsKey(column.labels))).size < columns.length)
    throw duplicateLabels();
}

function duplicateLabels(): Error {
  return executionError("vector cannot contain metrics with the same labelset");
}

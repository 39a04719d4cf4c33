import type { Aggregation } from "./ast.ts";
import { countValues } from "./count_values.ts";
import { type Group, groupColumns } from "./group.ts";
import { quantile } from "./quantile.ts";
import { selectK } from "./topk.ts";
import { type Column, type Context, emptyColumn, hasValues } from "./value.ts";

/** @throws QueryError: "execution" for a parameter that cannot be used, "limit", "timeout". */
export function aggregate(
  node: Aggregation,
  columns: Column[],
  param: Float64Array | string | undefined,
  context: Context,
): Column[] {
  if (typeof param === "string") return countValues(node, columns, param, context);
  const groups = groupColumns(columns, node);
  if (node.name === "topk" || node.name === "bottomk")
    return selectK(node.name === "topk", groups, columns.length, param as Float64Array, context);
  return groups.map((group) => aggregateGroup(node.name, group, param, context)).filter(hasValues);
}

function aggregateGroup(
  name: Aggregation["name"],
  group: Group,
  param: Float64Array | undefined,
  context: Context,
): Column {
  const steps = context.grid.count;
  const result = emptyColumn(group.labels, context);
  context.budget.work(group.columns.length * steps);
  switch (name) {
    case "sum":
      sum(group.columns, result);
      return result;
    case "avg":
      average(group.columns, result);
      return result;
    case "min":
      pick(group.columns, result, (a, b) => a < b);
      return result;
    case "max":
      pick(group.columns, result, (a, b) => a > b);
      return result;
    case "count":
      count(group.columns, result);
      return result;
    case "group":
      count(group.columns, result);
      result.values.fill(1);
      return result;
    case "stdvar":
    case "stddev":
      variance(group.columns, result);
      if (name === "stddev") for (let i = 0; i < steps; i++) result.values[i] = Math.sqrt(result.values[i]!);
      return result;
    case "quantile":
      quantiles(group.columns, param as Float64Array, result);
      return result;
    case "topk":
    case "bottomk":
    case "count_values":
      throw new Error(`${name} does not make one series per group`);
    default:
      return name satisfies never;
  }
}

/** Column by column with Neumaier's compensation (kahan.ts), one running sum per step. */
function sum(columns: readonly Column[], result: Column): void {
  const compensation = compensatedSums(columns, result);
  for (let i = 0; i < compensation.length; i++) result.values[i]! += compensation[i]!;
}

/** Leaves the sums in `result` and returns what each lacks. */
function compensatedSums(columns: readonly Column[], result: Column): Float64Array {
  const sums = result.values;
  const compensation = new Float64Array(sums.length);
  for (const { values, present } of columns) {
    for (let i = 0; i < sums.length; i++) {
      if (present[i] === 0) continue;
      const value = values[i]!;
      if (result.present[i] === 0) {
        sums[i] = value;
        result.present[i] = 1;
        continue;
      }
      const before = sums[i]!;
      const after = before + value;
      if (after === Number.POSITIVE_INFINITY || after === Number.NEGATIVE_INFINITY) compensation[i] = 0;
      else if (Math.abs(before) >= Math.abs(value)) compensation[i]! += before - after + value;
      else compensation[i]! += value - after + before;
      sums[i] = after;
    }
  }
  return compensation;
}

function average(columns: readonly Column[], result: Column): void {
  const compensation = compensatedSums(columns, result);
  const counts = presentCounts(columns, result.values.length);
  result.values.forEach((value, i) => {
    const n = counts[i]!;
    if (n > 0)
      result.values[i] = Number.isFinite(value) ? value / n + compensation[i]! / n : runningMean(columns, i);
  });
}

/** The mean at one step where the sum overflows. */
function runningMean(columns: readonly Column[], step: number): number {
  let mean = 0;
  let n = 0;
  for (const { values, present } of columns) {
    if (present[step] === 0) continue;
    n++;
    mean = n === 1 ? values[step]! : mean * ((n - 1) / n) + values[step]! / n;
  }
  return mean;
}

function pick(columns: readonly Column[], result: Column, beats: (a: number, b: number) => boolean): void {
  for (const { values, present } of columns) {
    for (let i = 0; i < values.length; i++) {
      if (present[i] === 0) continue;
      const best = result.values[i]!;
      if (result.present[i] === 0 || beats(values[i]!, best) || Number.isNaN(best))
        result.values[i] = values[i]!;
      result.present[i] = 1;
    }
  }
}

function count(columns: readonly Column[], result: Column): void {
  result.values.set(presentCounts(columns, result.values.length));
  result.present.set(result.values.map((n) => Math.min(n, 1)));
}

/** Of the whole population, by Welford's method; NaN when the first value is not finite. */
function variance(columns: readonly Column[], result: Column): void {
  const means = new Float64Array(result.values.length);
  const counts = new Float64Array(result.values.length);
  for (const { values, present } of columns) {
    for (let i = 0; i < values.length; i++) {
      if (present[i] === 0) continue;
      const value = values[i]!;
      const n = ++counts[i]!;
      result.present[i] = 1;
      if (n === 1) {
        means[i] = value;
        result.values[i] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      const delta = value - means[i]!;
      means[i]! += delta / n;
      result.values[i]! += delta * (value - means[i]!);
    }
  }
  for (let i = 0; i < counts.length; i++) result.values[i]! /= counts[i]!;
}

function quantiles(columns: readonly Column[], phi: Float64Array, result: Column): void {
  const values = new Float64Array(columns.length);
  for (let i = 0; i < phi.length; i++) {
    let n = 0;
    for (const column of columns) if (column.present[i] === 1) values[n++] = column.values[i]!;
    if (n === 0) continue;
    result.values[i] = quantile(phi[i]!, values.subarray(0, n));
    result.present[i] = 1;
  }
}

function presentCounts(columns: readonly Column[], steps: number): Float64Array {
  const counts = new Float64Array(steps);
  for (const { present } of columns) for (let i = 0; i < steps; i++) counts[i]! += present[i]!;
  return counts;
}

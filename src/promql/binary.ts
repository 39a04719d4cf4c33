import {
  type ArithmeticOperator,
  type Binary,
  type ComparisonOperator,
  isComparison,
  isSetOperator,
} from "./ast.ts";
import { withoutName } from "./labelset.ts";
import { matchVectors } from "./match.ts";
import { arithmetic, comparison } from "./operators.ts";
import { combineSets } from "./sets.ts";
import {
  type Column,
  type Context,
  emptyColumn,
  hasValues,
  mergeSameLabels,
  scalarOf,
  type Value,
} from "./value.ts";

/** The value of `left op right`; both are scalars or vectors. @throws QueryError ("execution", "limit", "timeout"). */
export function evaluateBinary(node: Binary, left: Value, right: Value, context: Context): Value {
  if (left.type === "string" || right.type === "string") throw new Error("strings have no binary operators");
  if (isSetOperator(node.op)) {
    if (left.type === "scalar" || right.type === "scalar") throw new Error("set operators take vectors only");
    return {
      type: "vector",
      columns: combineSets(node.op, node.matching, left.columns, right.columns, context),
    };
  }
  if (left.type === "scalar" && right.type === "scalar") {
    const apply = scalarOperation(node.op);
    return scalarOf(context, (i) => apply(left.values[i]!, right.values[i]!));
  }
  if (left.type === "vector" && right.type === "vector")
    return { type: "vector", columns: matchVectors(node, node.op, left.columns, right.columns, context) };
  const columns =
    left.type === "vector"
      ? withScalar(node, node.op, left.columns, (right as { values: Float64Array }).values, false, context)
      : withScalar(node, node.op, (right as { columns: Column[] }).columns, left.values, true, context);
  return { type: "vector", columns };
}

function scalarOperation(op: ArithmeticOperator | ComparisonOperator): (a: number, b: number) => number {
  if (!isComparison(op)) return arithmetic(op);
  const holds = comparison(op);
  return (a, b) => (holds(a, b) ? 1 : 0);
}

/** Each value of a vector with the step's scalar, which stands on the left when `swapped`. */
function withScalar(
  node: Binary,
  op: ArithmeticOperator | ComparisonOperator,
  columns: readonly Column[],
  scalar: Float64Array,
  swapped: boolean,
  context: Context,
): Column[] {
  const filters = isComparison(op) && !node.bool;
  const results: Column[] = [];
  for (const column of columns) {
    context.budget.work(context.grid.count);
    const result = emptyColumn(filters ? column.labels : withoutName(column.labels), context);
    if (isComparison(op) && !node.bool) filter(comparison(op), column, scalar, swapped, result);
    else calculate(scalarOperation(op), column, scalar, swapped, result);
    if (hasValues(result)) results.push(result);
  }
  return filters ? results : mergeSameLabels(results);
}

function calculate(
  apply: (a: number, b: number) => number,
  { values, present }: Column,
  scalar: Float64Array,
  swapped: boolean,
  result: Column,
): void {
  for (let i = 0; i < values.length; i++) {
    if (present[i] === 0) continue;
    result.values[i] = swapped ? apply(scalar[i]!, values[i]!) : apply(values[i]!, scalar[i]!);
    result.present[i] = 1;
  }
}

function filter(
  holds: (a: number, b: number) => boolean,
  { values, present }: Column,
  scalar: Float64Array,
  swapped: boolean,
  result: Column,
): void {
  for (let i = 0; i < values.length; i++) {
    if (present[i] === 0) continue;
    if (!(swapped ? holds(scalar[i]!, values[i]!) : holds(values[i]!, scalar[i]!))) continue;
    result.values[i] = values[i]!;
    result.present[i] = 1;
  }
}

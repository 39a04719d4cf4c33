import type { Matching, SetOperator } from "./ast.ts";
import { anyPresent, bySignature } from "./signature.ts";
import { type Column, type Context, emptyColumn, hasValues, mergeSameLabels } from "./value.ts";

/** `and`, `or`, `unless`: the values of one side, kept or not by whether the other side has a match at that step. */
export function combineSets(
  op: SetOperator,
  matching: Matching,
  left: readonly Column[],
  right: readonly Column[],
  context: Context,
): Column[] {
  switch (op) {
    case "and":
      return filterByMatch(left, right, matching, 1, context);
    case "unless":
      return filterByMatch(left, right, matching, 0, context);
    case "or":
      return mergeSameLabels([...left, ...filterByMatch(right, left, matching, 0, context)]);
    default:
      return op satisfies never;
  }
}

/** The values of `columns` at the steps where `others` has a match (`wanted` 1) or has none (0). */
function filterByMatch(
  columns: readonly Column[],
  others: readonly Column[],
  matching: Matching,
  wanted: 0 | 1,
  context: Context,
): Column[] {
  const steps = context.grid.count;
  const otherGroups = bySignature(others, matching);
  const results: Column[] = [];
  for (const [key, group] of bySignature(columns, matching)) {
    const matched = anyPresent(otherGroups.get(key) ?? [], steps);
    for (const column of group) {
      context.budget.work(steps);
      const result = emptyColumn(column.labels, context);
      for (let i = 0; i < steps; i++) if (matched[i] === wanted) result.present[i] = column.present[i]!;
      result.values.set(column.values);
      if (hasValues(result)) results.push(result);
    }
  }
  return results;
}

import { labelsKey } from "../metrics/labels.ts";
import type { Aggregation } from "./ast.ts";
import { executionError } from "./error.ts";
import { formatNumber } from "./format.ts";
import { groupLabels } from "./group.ts";
import { setLabel } from "./labelset.ts";
import { type Column, type Context, emptyColumn } from "./value.ts";

/**
 * count_values(): one series per group and value, the value written into the label `name`.
 * @throws QueryError ("execution") when `name` cannot be a label's name.
 */
export function countValues(node: Aggregation, columns: Column[], name: string, context: Context): Column[] {
  if (name === "") throw executionError('invalid label name "": count_values() needs the name of a label');
  const grouping = node.without ? node.grouping : [...node.grouping, name];
  const labelsOf = groupLabels({ grouping, without: node.without });
  const results = new Map<string, Column>();
  for (const column of columns) {
    const keys = new Map<number, Column>();
    for (let i = 0; i < column.values.length; i++) {
      context.budget.work(1);
      if (column.present[i] === 0) continue;
      const value = column.values[i]!;
      let result = keys.get(value);
      if (!result) {
        const labels = labelsOf(setLabel(column.labels, name, formatNumber(value)));
        const key = labelsKey(labels);
        result = results.get(key) ?? emptyColumn(labels, context);
        results.set(key, result);
        keys.set(value, result);
      }
      result.values[i]!++;
      result.present[i] = 1;
    }
  }
  return [...results.values()];
}

import { type Labels, labelsKey, METRIC_NAME } from "../metrics/labels.ts";
import type { Aggregation } from "./ast.ts";
import { dropLabels, keepLabels } from "./labelset.ts";
import type { Column } from "./value.ts";

/** The columns that an aggregation puts together, and the labels that they then share. */
export interface Group {
  readonly labels: Labels;
  readonly columns: Column[];
}

/** The labels of the group that a series belongs to. */
export function groupLabels({
  grouping,
  without,
}: Pick<Aggregation, "grouping" | "without">): (labels: Labels) => Labels {
  const names = new Set(grouping);
  if (!without) return names.size === 0 ? () => [] : (labels) => keepLabels(labels, names);
  names.add(METRIC_NAME);
  return (labels) => dropLabels(labels, names);
}

/** Groups in the order of their first column. */
export function groupColumns(
  columns: readonly Column[],
  node: Pick<Aggregation, "grouping" | "without">,
): Group[] {
  const labelsOf = groupLabels(node);
  const groups = new Map<string, Group>();
  for (const column of columns) {
    const labels = labelsOf(column.labels);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group) group.columns.push(column);
    else groups.set(key, { labels, columns: [column] });
  }
  return [...groups.values()];
}

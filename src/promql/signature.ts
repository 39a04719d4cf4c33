import { type Labels, labelsKey, METRIC_NAME } from "../metrics/labels.ts";
import type { Matching } from "./ast.ts";
import { dropLabels, keepLabels } from "./labelset.ts";
import type { Column } from "./value.ts";

/** The labels by which a series finds its partners. */
export function matchedLabels(matching: Matching): (labels: Labels) => Labels {
  const names = new Set(matching.labels);
  if (matching.on) return (labels) => keepLabels(labels, names);
  names.add(METRIC_NAME);
  return (labels) => dropLabels(labels, names);
}

/** The columns by the labels that they are matched by. */
export function bySignature(columns: readonly Column[], matching: Matching): Map<string, Column[]> {
  const labelsOf = matchedLabels(matching);
  const groups = new Map<string, Column[]>();
  for (const column of columns) {
    const key = labelsKey(labelsOf(column.labels));
    const group = groups.get(key);
    if (group) group.push(column);
    else groups.set(key, [column]);
  }
  return groups;
}

/** At which steps any of the columns has a value. */
export function anyPresent(columns: readonly Column[], steps: number): Uint8Array {
  if (columns.length === 1) return columns[0]!.present;
  const present = new Uint8Array(steps);
  for (const column of columns) for (let i = 0; i < steps; i++) present[i]! |= column.present[i]!;
  return present;
}

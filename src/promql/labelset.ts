import { type Labels, METRIC_NAME } from "../metrics/labels.ts";

/** Labels that describe the metric and not what was measured: operations that make another metric drop them. */
const METADATA = new Set([METRIC_NAME, "__type__", "__unit__"]);

/** The labels whose name `keep` accepts. The same array when that is all of them. */
function filterLabels(labels: Labels, keep: (name: string) => boolean): Labels {
  const kept: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (keep(labels[i]!)) kept.push(labels[i]!, labels[i + 1]!);
  return kept.length === labels.length ? labels : kept;
}

export function withoutName(labels: Labels): Labels {
  return filterLabels(labels, (name) => !METADATA.has(name));
}

export function keepLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return filterLabels(labels, (name) => names.has(name));
}

export function dropLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return filterLabels(labels, (name) => !names.has(name));
}

/** The labels with one set to `value`, or removed when it is empty. */
export function setLabel(labels: Labels, name: string, value: string): Labels {
  const next: string[] = [];
  let placed = value === "";
  for (let i = 0; i < labels.length; i += 2) {
    const current = labels[i]!;
    if (!placed && current >= name) {
      next.push(name, value);
      placed = true;
    }
    if (current !== name) next.push(current, labels[i + 1]!);
  }
  if (!placed) next.push(name, value);
  return next;
}

/** Order by names and values pairwise, as results of range queries are sorted. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  return a.length - b.length;
}

/**
 * The label set of a series: a flat array `[name, value, name, value, …]`, names in ascending order
 * (by UTF-16 code unit) and unique, the metric's name under `__name__`, no empty values.
 * Flat pairs rather than an object: no hostile `__proto__`, one allocation, one canonical order.
 */
export type Labels = readonly string[];

export const METRIC_NAME = "__name__";

const METRIC_NAME_PATTERN = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME_PATTERN = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function isMetricName(name: string): boolean {
  return METRIC_NAME_PATTERN.test(name);
}

export function isLabelName(name: string): boolean {
  return LABEL_NAME_PATTERN.test(name);
}

/**
 * Any text that UTF-8 can hold, but U+0000, which separates in {@link labelsKey}: two label sets must never become
 * one, in a map or in the database.
 */
function isLabelValue(value: string): boolean {
  return !value.includes("\u0000") && value.isWellFormed();
}

/** Sorts the pairs, drops empty values; on a repeated name the last value wins. */
export function labelsOf(pairs: Iterable<readonly [name: string, value: string]>): Labels {
  const byName = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (value === "") byName.delete(name);
    else byName.set(name, value);
  }
  const flat: string[] = [];
  for (const name of [...byName.keys()].sort(byCodeUnit)) flat.push(name, byName.get(name) as string);
  return flat;
}

/** True for what {@link labelsOf} makes with a valid metric name, valid label names and valid label values. */
export function areSeriesLabels(labels: Labels): boolean {
  let named = false;
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    const value = labels[i + 1];
    if (value === undefined || value === "" || !isLabelValue(value)) return false;
    if (i > 0 && byCodeUnit(labels[i - 2]!, name) >= 0) return false;
    if (name === METRIC_NAME) {
      if (!isMetricName(value)) return false;
      named = true;
    } else if (!isLabelName(name)) return false;
  }
  return named;
}

/** The value of one label, `""` when absent (as a PromQL matcher sees it). */
export function labelValue(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return "";
}

/** One string per distinct label set, for use as a map key. */
export function labelsKey(labels: Labels): string {
  return labels.join("\u0000");
}

/** `name{a="b",…}` with the exposition format's escapes, for people and for exposition output. */
export function formatLabels(labels: Labels): string {
  let name = "";
  const pairs: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] === METRIC_NAME) name = labels[i + 1]!;
    else pairs.push(`${labels[i]}="${escapeLabelValue(labels[i + 1]!)}"`);
  }
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

/** Escapes as the text exposition format asks: backslash, double quote, line feed. */
export function escapeLabelValue(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`));
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import type { Catalogue } from "./catalogue.ts";
import type { MetricFamily } from "./family.ts";
import { formatLabels, isLabelName, isMetricName, labelsOf, METRIC_NAME } from "./labels.ts";

/** A value to be shown, as an exporter gives it. */
interface ExposedSample {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/**
 * The text exposition format 0.0.4: families in the order of their first sample, each with its help and type once.
 * Samples that are not in the catalogue are shown as untyped. Of samples with the same labels the last one counts.
 * @throws when a name cannot stand in the format
 */
export function formatExposition(samples: readonly ExposedSample[], catalogue: Catalogue): string {
  const families = new Map<string, Map<string, number>>();
  for (const { name, labels, value } of samples) {
    if (!isMetricName(name)) throw new Error(`Cannot expose ${JSON.stringify(name)}: it is no metric name.`);
    for (const [label] of labels)
      if (!isLabelName(label))
        throw new Error(`Cannot expose label ${JSON.stringify(label)} of ${name}: it is no label name.`);
    const series = families.get(name) ?? new Map<string, number>();
    families.set(name, series.set(formatLabels(labelsOf([...labels, [METRIC_NAME, name]])), value));
  }
  let text = "";
  for (const [name, series] of families) {
    text += heading(name, catalogue.get(name));
    for (const [labels, value] of series) text += `${labels} ${formatValue(value)}\n`;
  }
  return text;
}

function heading(name: string, family: MetricFamily | undefined): string {
  const help = family === undefined ? "" : `# HELP ${name} ${escapeHelp(family.help)}\n`;
  return `${help}# TYPE ${name} ${exposedType(name, family)}\n`;
}

/**
 * Some of node_exporter's counters do not end in `_total`. It shows them as untyped, and so must who takes over the
 * names, or every linter calls them misnamed.
 */
function exposedType(name: string, family: MetricFamily | undefined): string {
  if (family === undefined) return "untyped";
  return family.type === "counter" && !name.endsWith("_total") ? "untyped" : family.type;
}

function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (c) => (c === "\n" ? "\\n" : "\\\\"));
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

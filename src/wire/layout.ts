import { areSeriesLabels, type Labels, labelsKey } from "../metrics/labels.ts";

/** Bounds on what one client may announce. A layout is registered in one piece: this many series take about 15 ms. */
export const MAX_LAYOUT_SERIES = 500;
export const MAX_LABELS_PER_SERIES = 32;
export const MAX_LABEL_NAME_LENGTH = 128;
export const MAX_LABEL_VALUE_LENGTH = 1024;
/** In UTF-8. The message which announces the layout stays well below the wire's limit of 1 MiB. */
export const MAX_LAYOUT_JSON_BYTES = 256_000;

/**
 * The ordered list of series that one exporter reports. Announced once, then every frame of it carries values
 * only. It is named by the hash of its content, so that spool, wire and database agree without coordination.
 */
export interface Layout {
  readonly exporter: string;
  /** Milliseconds between two frames, as configured on the agent. */
  readonly interval: number;
  readonly series: readonly Labels[];
}

/** The first 128 bits of SHA-256 over the layout's canonical JSON, in hex. */
export function layoutHash(layout: Layout): string {
  const canonical = JSON.stringify([layout.exporter, layout.interval, layout.series]);
  return new Bun.CryptoHasher("sha256").update(canonical).digest("hex").slice(0, 32);
}

/** Why the series of a layout cannot be accepted, or undefined when they can. Names the offending series. */
export function layoutFault(layout: Layout): string | undefined {
  if (layout.series.length === 0) return "layout has no series";
  if (layout.series.length > MAX_LAYOUT_SERIES)
    return `layout has ${layout.series.length} series, the limit is ${MAX_LAYOUT_SERIES}`;
  const bytes = Buffer.byteLength(JSON.stringify(layout));
  if (bytes > MAX_LAYOUT_JSON_BYTES)
    return `layout has ${bytes} bytes as JSON, the limit is ${MAX_LAYOUT_JSON_BYTES}`;
  const seen = new Set<string>();
  for (const [index, labels] of layout.series.entries()) {
    const fault = labelsFault(labels);
    if (fault !== undefined) return `series ${index}: ${fault}`;
    const key = labelsKey(labels);
    if (seen.has(key)) return `series ${index} is listed twice`;
    seen.add(key);
  }
  return undefined;
}

/** Why one series cannot be part of a layout, or undefined when it can. */
export function labelsFault(labels: Labels): string | undefined {
  if (labels.length > 2 * MAX_LABELS_PER_SERIES)
    return `${labels.length / 2} labels, the limit is ${MAX_LABELS_PER_SERIES}`;
  if (!areSeriesLabels(labels)) return "labels are not sorted, unique, non-empty and validly named";
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i]!.length > MAX_LABEL_NAME_LENGTH)
      return `a label name is longer than ${MAX_LABEL_NAME_LENGTH}`;
    if (labels[i + 1]!.length > MAX_LABEL_VALUE_LENGTH)
      return `the value of label "${labels[i]}" is longer than ${MAX_LABEL_VALUE_LENGTH}`;
  }
  return undefined;
}

import type { Logger } from "../../lib/log.ts";
import { escapeLabelValue } from "../../metrics/labels.ts";
import type { Sample } from "../exporters/exporter.ts";

/**
 * Why a sample is left out: its value is NaN or infinite; its name or labels are not valid; a later sample of the same
 * series in the same collection won; its exporter reports too many series.
 */
type DropReason = "non_finite" | "invalid" | "duplicate" | "limit";

/** Counts the samples that are left out. The first of each exporter and reason is logged. */
export class SampleDrops {
  readonly #counts: Record<DropReason, number> = { non_finite: 0, invalid: 0, duplicate: 0, limit: 0 };
  readonly #told = new Set<string>();

  constructor(private readonly log: Logger) {}

  get counts(): Readonly<Record<DropReason, number>> {
    return this.#counts;
  }

  add(reason: DropReason, exporter: string, sample: Sample): void {
    this.#counts[reason]++;
    const key = `${exporter} ${reason}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const labels = sample.labels.map(([name, value]) => `${name}="${escapeLabelValue(value)}"`).join(",");
    this.log.warn("a sample was left out; further ones of this kind are only counted", {
      reason,
      exporter,
      series: `${sample.name}{${labels}}`.slice(0, 300),
      value: sample.value,
    });
  }
}

import type { Logger } from "../lib/log.ts";
import { ExporterLayout } from "./layouts/exporter_layout.ts";
import { SampleDrops } from "./layouts/sample_drops.ts";
import type { Collection } from "./scheduler.ts";
import type { Reading } from "./spool.ts";

interface LayoutsOptions {
  /** The `instance` of every series. */
  readonly instance: string;
  /** Further labels for every series; a sample's own labels go before them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/** Turns what exporters collect into frames over layouts, and counts what cannot become part of one. */
export class Layouts {
  readonly drops: SampleDrops;
  readonly #exporters = new Map<string, ExporterLayout>();

  constructor(private readonly options: LayoutsOptions) {
    this.drops = new SampleDrops(options.log);
  }

  /**
   * One reading per layout of the exporter: one in all, unless it reports more series than a layout holds.
   * A series that is not in this collection, but was in earlier ones, is absent in the frame.
   */
  readings({ exporter, intervalMs, timestamp, samples }: Collection): Reading[] {
    let layout = this.#exporters.get(exporter);
    if (layout === undefined) {
      layout = new ExporterLayout({ exporter, intervalMs, drops: this.drops, ...this.options });
      this.#exporters.set(exporter, layout);
    }
    return layout.readings(timestamp, samples);
  }
}

import type { Logger } from "../../lib/log.ts";
import type { Exporter } from "./exporter.ts";
import { createOs } from "./os.ts";

interface ExporterOptions {
  readonly log: Logger;
  /** For a single collection: waits for readings that otherwise come with a later tick. */
  readonly complete: boolean;
}

/** Every exporter that the agent has, by the name of its section in the configuration. */
const EXPORTERS = {
  os: createOs,
} satisfies Record<string, (options: ExporterOptions) => Exporter>;

/** One exporter's configuration, in seconds. */
interface ExporterConfig {
  readonly enabled: boolean;
  readonly interval: number;
  readonly timeout: number;
}

export interface ScheduledExporter {
  readonly exporter: Exporter;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** The exporters that the configuration enables, each new and with its own state. */
export function enabledExporters(
  config: Readonly<Record<keyof typeof EXPORTERS, ExporterConfig>>,
  options: ExporterOptions,
): ScheduledExporter[] {
  return Object.entries(EXPORTERS).flatMap(([name, create]) => {
    const { enabled, interval, timeout } = config[name as keyof typeof EXPORTERS];
    if (!enabled) return [];
    return [
      {
        exporter: create(options),
        intervalMs: Math.round(interval * 1000),
        timeoutMs: Math.round(timeout * 1000),
      },
    ];
  });
}

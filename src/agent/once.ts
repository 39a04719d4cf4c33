import type { AgentConfig } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { catalogue } from "../metrics/catalogue.ts";
import { formatExposition } from "../metrics/exposition.ts";
import { runOnce, runSamples } from "./collection.ts";
import type { Sample } from "./exporters/exporter.ts";
import { enabledExporters, type ScheduledExporter } from "./exporters/index.ts";
import { Host } from "./host.ts";
import { systemTimers } from "./timers.ts";

/** For a single collection there is time: apt alone may take seconds on a small machine. */
const TIMEOUT_MS = 60_000;

/** One collection of all enabled exporters as exposition text, with the agent's own labels on every series. */
export async function collectOnce(
  config: Pick<AgentConfig, "exporters" | "labels">,
  log: Logger,
  host: Host = new Host({ clock: systemClock }),
): Promise<string> {
  const exporters = enabledExporters(config.exporters, { log, complete: true });
  const collections = await Promise.all(exporters.map((scheduled) => samplesOf(scheduled, host, log)));
  const own = Object.entries(config.labels);
  const samples = collections.flat().map((sample) => ({ ...sample, labels: [...sample.labels, ...own] }));
  return formatExposition(samples, catalogue);
}

async function samplesOf({ exporter }: ScheduledExporter, host: Host, log: Logger): Promise<Sample[]> {
  const outcome = await runOnce(exporter, host, { timeoutMs: TIMEOUT_MS, timers: systemTimers });
  const { durationMs } = outcome;
  const run = (success: boolean) => runSamples(exporter.name, { success, durationMs, missed: 0 });
  switch (outcome.kind) {
    case "samples":
      return [...outcome.samples, ...run(true)];
    case "no data":
      log.info("nothing to collect", { exporter: exporter.name, reason: outcome.reason });
      return [];
    case "failed":
      log.error("collection failed", { exporter: exporter.name, reason: outcome.reason });
      return run(false);
    case "timeout":
      log.error("collection failed", {
        exporter: exporter.name,
        reason: `not finished within ${TIMEOUT_MS} ms`,
      });
      return run(false);
    default:
      return outcome satisfies never;
  }
}

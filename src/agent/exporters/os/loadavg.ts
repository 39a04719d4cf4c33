import type { Sample } from "../exporter.ts";
import { fileCollector } from "./collector.ts";
import { numberOf, sample, wordsOf } from "./text.ts";

export function parseLoadavg(text: string): Sample[] {
  const [one, five, fifteen] = wordsOf(text.trim());
  return [
    sample("node_load1", numberOf(one, "/proc/loadavg", "the load of 1 min")),
    sample("node_load5", numberOf(five, "/proc/loadavg", "the load of 5 min")),
    sample("node_load15", numberOf(fifteen, "/proc/loadavg", "the load of 15 min")),
  ];
}

export const loadavg = fileCollector("loadavg", (host) => host.proc("loadavg"), parseLoadavg);

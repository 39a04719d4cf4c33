import type { Sample } from "../exporter.ts";
import type { Collector } from "./collector.ts";
import { linesOf, numberOf, sample } from "./text.ts";

const NAMES: Readonly<Record<string, string>> = {
  intr: "node_intr_total",
  ctxt: "node_context_switches_total",
  processes: "node_forks_total",
  btime: "node_boot_time_seconds",
  procs_running: "node_procs_running",
  procs_blocked: "node_procs_blocked",
};

/** The whole machine's lines of /proc/stat; of `intr` the first number, which is the total. */
export function parseStat(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of linesOf(text)) {
    const end = line.indexOf(" ");
    const name = NAMES[line.slice(0, end)];
    if (end < 0 || name === undefined) continue;
    const next = line.indexOf(" ", end + 1);
    const value = line.slice(end + 1, next < 0 ? undefined : next);
    samples.push(sample(name, numberOf(value, "/proc/stat", line.slice(0, end))));
  }
  return samples;
}

export const stat: Collector = {
  name: "stat",
  collect: (host, tick) => parseStat(tick.read(host.proc("stat"))),
};

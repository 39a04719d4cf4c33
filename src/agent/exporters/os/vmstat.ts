import type { Sample } from "../exporter.ts";
import { fileCollector } from "./collector.ts";
import { linesOf, numberOf, sample } from "./text.ts";

/** node_exporter's default choice: paging, swapping, faults and kills. */
const FIELDS = /^(oom_kill|pgpg|pswp|pg.*fault)/;

export function parseVmstat(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of linesOf(text)) {
    const [key = "", value] = line.split(" ");
    if (FIELDS.test(key)) samples.push(sample(`node_vmstat_${key}`, numberOf(value, "/proc/vmstat", key)));
  }
  return samples;
}

export const vmstat = fileCollector("vmstat", (host) => host.proc("vmstat"), parseVmstat);

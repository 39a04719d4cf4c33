import type { Host } from "../../host.ts";
import type { Sample } from "../exporter.ts";
import { Background } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { numberOf, sample } from "./text.ts";

/** Some drivers interrupt each CPU and wait up to 20 ms for its answer, so frequencies are asked aside and seldom. */
const MAX_AGE_MS = 30_000;
const ANSWER_TIMEOUT_MS = 20_000;

/** sysfs file (kHz) → metric. */
const FILES = [
  ["cpuinfo_cur_freq", "node_cpu_frequency_hertz"],
  ["cpuinfo_min_freq", "node_cpu_frequency_min_hertz"],
  ["cpuinfo_max_freq", "node_cpu_frequency_max_hertz"],
  ["scaling_cur_freq", "node_cpu_scaling_frequency_hertz"],
  ["scaling_min_freq", "node_cpu_scaling_frequency_min_hertz"],
  ["scaling_max_freq", "node_cpu_scaling_frequency_max_hertz"],
] as const;

/** @param waitMs how long to wait for a reading; 0 leaves it to a later tick */
export function createCpufreq(waitMs: number): Collector {
  const frequencies = new Background(MAX_AGE_MS, readFrequencies);
  return { name: "cpufreq", collect: async (host) => (await frequencies.get(host, waitMs)) ?? [] };
}

async function readFrequencies(host: Host): Promise<Sample[]> {
  const wanted: { path: string; name: string; cpu: string }[] = [];
  for (const entry of host.list(host.sys("devices/system/cpu")) ?? []) {
    const directory = host.sys(`devices/system/cpu/${entry}/cpufreq`);
    if (!/^cpu[0-9]+$/.test(entry) || !host.exists(directory)) continue;
    for (const [file, name] of FILES) {
      const path = `${directory}/${file}`;
      // Only root may read cpuinfo_cur_freq.
      if (host.mayRead(path)) wanted.push({ path, name, cpu: entry.slice(3) });
    }
  }
  if (wanted.length === 0) return [];
  const paths = wanted.map(({ path }) => path);
  const values = await host.readSlowValues("cpufreq", paths, ANSWER_TIMEOUT_MS);
  return wanted.flatMap(({ path, name, cpu }, i) => {
    const value = values[i];
    return value === undefined ? [] : [sample(name, numberOf(value, path, "kHz") * 1000, [["cpu", cpu]])];
  });
}

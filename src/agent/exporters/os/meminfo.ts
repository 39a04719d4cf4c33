import type { Sample } from "../exporter.ts";
import { fileCollector } from "./collector.ts";
import { linesOf, Malformed, numberOf, sample, wordsOf } from "./text.ts";

/** `MemFree:  12 kB` → node_memory_MemFree_bytes, `Active(anon)` → Active_anon; counts without a unit have no suffix. */
export function parseMeminfo(text: string): Sample[] {
  return linesOf(text).map((line) => {
    const [key = "", value, unit] = wordsOf(line);
    if (!/^[A-Za-z0-9_()]+:$/.test(key)) throw new Malformed("/proc/meminfo", "a name and a colon", line);
    const name = key.slice(0, -1).replace("(", "_").replace(")", "");
    const amount = numberOf(value, "/proc/meminfo", name);
    return unit === undefined
      ? sample(`node_memory_${name}`, amount)
      : sample(`node_memory_${name}_bytes`, amount * 1024);
  });
}

export const meminfo = fileCollector("meminfo", (host) => host.proc("meminfo"), parseMeminfo);

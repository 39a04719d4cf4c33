import type { Host } from "../../host.ts";
import type { Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { linesOf, numberOf, sample, wordsOf } from "./text.ts";

/** The kernel shows times in ticks of 1/100 s, whatever its own clock rate (USER_HZ). */
const TICKS_PER_SECOND = 100;
const MODES = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;
const IDLE = MODES.indexOf("idle");
/** Columns of a cpu line: the modes, then guest and guest_nice. */
const COLUMNS = MODES.length + 2;
/** An idle time this far back is a CPU that was taken out and put in again, not the kernel's inexactness. */
const HOTPLUG_SECONDS = 3;
const TOPOLOGY_MAX_AGE_MS = 5 * 60_000;

/** Seconds per CPU and mode; `times` has the columns of /proc/stat, in ticks. */
interface CpuTimes {
  readonly cpu: string;
  readonly times: readonly number[];
}

/** The lines `cpu0 …`, in the file's order. Kernels before 2.6.33 have fewer columns: the missing ones are 0. */
export function parseCpuTimes(text: string): CpuTimes[] {
  const cpus: CpuTimes[] = [];
  for (const line of linesOf(text)) {
    if (!line.startsWith("cpu")) break;
    const [name, ...ticks] = wordsOf(line);
    if (name === "cpu") continue;
    const times = Array.from({ length: COLUMNS }, (_, i) =>
      i < ticks.length ? numberOf(ticks[i], "/proc/stat", `ticks of ${name}`) : 0,
    );
    cpus.push({ cpu: name!.slice(3), times });
  }
  return cpus;
}

/** As `0-3,8` in sysfs. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(",")) {
    if (part === "") continue;
    const [first, last] = part.split("-");
    const from = numberOf(first, "a CPU list", "a CPU");
    const to = last === undefined ? from : numberOf(last, "a CPU list", "a CPU");
    for (let cpu = from; cpu <= to && cpu - from < 65_536; cpu++) cpus.push(cpu);
  }
  return cpus;
}

export function createCpu(): Collector {
  const counters = new CpuCounters();
  const throttles = new Cached(TOPOLOGY_MAX_AGE_MS, readThrottleFiles);
  return {
    name: "cpu",
    collect(host, tick) {
      return [
        ...counters.samples(parseCpuTimes(tick.read(host.proc("stat")))),
        ...isolated(host),
        ...throttles.get(host).flatMap((file) => throttleSample(host, file)),
      ];
    },
  };
}

/**
 * Keeps each counter from going back: idle and iowait do so by a tick or two on a tickless kernel, and every step back
 * would look like a counter reset.
 */
export class CpuCounters {
  readonly #highest = new Map<string, number[]>();

  samples(cpus: readonly CpuTimes[]): Sample[] {
    const samples: Sample[] = [];
    for (const { cpu, times } of cpus) {
      const seconds = this.#advance(cpu, times);
      for (const [i, mode] of MODES.entries())
        samples.push(
          sample("node_cpu_seconds_total", seconds[i]!, [
            ["cpu", cpu],
            ["mode", mode],
          ]),
        );
      samples.push(
        sample("node_cpu_guest_seconds_total", seconds[MODES.length]!, [
          ["cpu", cpu],
          ["mode", "user"],
        ]),
        sample("node_cpu_guest_seconds_total", seconds[MODES.length + 1]!, [
          ["cpu", cpu],
          ["mode", "nice"],
        ]),
      );
    }
    return samples;
  }

  #advance(cpu: string, ticks: readonly number[]): number[] {
    const now = ticks.map((value) => value / TICKS_PER_SECOND);
    const before = this.#highest.get(cpu);
    const restarted = before === undefined || before[IDLE]! - now[IDLE]! >= HOTPLUG_SECONDS;
    const highest = restarted ? now : now.map((value, i) => Math.max(value, before[i]!));
    this.#highest.set(cpu, highest);
    return highest;
  }
}

function isolated(host: Host): Sample[] {
  const list = host.readValue(host.sys("devices/system/cpu/isolated"));
  if (list === undefined) return [];
  return parseCpuList(list).map((cpu) => sample("node_cpu_isolated", 1, [["cpu", String(cpu)]]));
}

interface ThrottleFile {
  readonly path: string;
  readonly name: string;
  readonly labels: Sample["labels"];
}

/** One file per core and one per package: siblings show the same numbers. Only Intel CPUs have them. */
function readThrottleFiles(host: Host): ThrottleFile[] {
  const files = new Map<string, ThrottleFile>();
  for (const entry of host.list(host.sys("devices/system/cpu")) ?? []) {
    if (!/^cpu[0-9]+$/.test(entry)) continue;
    const value = (path: string) => host.readValue(host.sys(`devices/system/cpu/${entry}/${path}`));
    if (value("thermal_throttle/core_throttle_count") === undefined) continue;
    const pkg = value("topology/physical_package_id");
    const core = value("topology/core_id");
    if (pkg === undefined || core === undefined) continue;
    const directory = host.sys(`devices/system/cpu/${entry}/thermal_throttle`);
    const add = (key: string, file: ThrottleFile) => files.has(key) || files.set(key, file);
    add(`${pkg}/${core}`, {
      path: `${directory}/core_throttle_count`,
      name: "node_cpu_core_throttles_total",
      labels: [
        ["core", core],
        ["package", pkg],
      ],
    });
    add(pkg, {
      path: `${directory}/package_throttle_count`,
      name: "node_cpu_package_throttles_total",
      labels: [["package", pkg]],
    });
  }
  return [...files.values()];
}

function throttleSample(host: Host, file: ThrottleFile): Sample[] {
  const value = host.readValue(file.path);
  return value === undefined ? [] : [sample(file.name, numberOf(value, file.path, "a count"), file.labels)];
}

import type { Logger } from "../../lib/log.ts";
import type { Host } from "../host.ts";
import { type Exporter, NoData, type Sample } from "./exporter.ts";
import { createApt, reboot } from "./os/apt.ts";
import { bonding } from "./os/bonding.ts";
import { type Collector, Tick } from "./os/collector.ts";
import { createCpu } from "./os/cpu.ts";
import { createCpufreq } from "./os/cpufreq.ts";
import { createDiskstats } from "./os/diskstats.ts";
import { createEdac } from "./os/edac.ts";
import { createFilesystem } from "./os/filesystem.ts";
import { createHwmon } from "./os/hwmon.ts";
import { entropy, filefd, selinux } from "./os/kernel.ts";
import { loadavg } from "./os/loadavg.ts";
import { mdadm } from "./os/mdadm.ts";
import { meminfo } from "./os/meminfo.ts";
import { createNetclass } from "./os/netclass.ts";
import { netdev } from "./os/netdev.ts";
import { createNetstat } from "./os/netstat.ts";
import { createNvme } from "./os/nvme.ts";
import { createRapl, powerSupply } from "./os/power.ts";
import { pressure } from "./os/pressure.ts";
import { arp, conntrack, sockstat, softnet, udpQueues } from "./os/sockets.ts";
import { stat } from "./os/stat.ts";
import { createDmi, createOsRelease, createUname } from "./os/system.ts";
import { sample } from "./os/text.ts";
import { createThermalZone } from "./os/thermal_zone.ts";
import { createTime, timex } from "./os/time.ts";
import { vmstat } from "./os/vmstat.ts";

/** What a collector had nothing to read of is looked for again after this. */
const NO_DATA_RETRY_MS = 5 * 60_000;
/** How long a single collection waits for a reading that takes longer than a tick. */
const PATIENCE_MS = 20_000;

interface OsOptions {
  readonly log: Logger;
  /** For a single collection: waits for readings that otherwise come with a later tick, such as apt's. */
  readonly complete: boolean;
}

/** The operating system under node_exporter's names, without spawning anything but apt. Docs: docs/exporters/os.md. */
export function createOs(options: OsOptions): Exporter {
  const troubles = new Troubles(options.log);
  return composeOs(osCollectors(options, troubles), troubles);
}

function osCollectors({ complete }: OsOptions, troubles: Troubles): Collector[] {
  const waitMs = complete ? PATIENCE_MS : 0;
  return [
    createCpu(),
    createCpufreq(waitMs),
    stat,
    loadavg,
    meminfo,
    vmstat,
    pressure,
    createFilesystem((mountPoint, reason) => troubles.report("mount point", mountPoint, reason)),
    createDiskstats(),
    mdadm,
    createNvme(),
    netdev,
    createNetclass(),
    bonding,
    createNetstat(),
    sockstat,
    softnet,
    udpQueues,
    arp,
    conntrack,
    createHwmon((chip, reason) => troubles.report("sensor chip", chip, reason)),
    createThermalZone(),
    createRapl(),
    powerSupply,
    createEdac(),
    createDmi(),
    createUname(),
    createOsRelease(),
    createTime(),
    timex,
    filefd,
    entropy,
    selinux,
    createApt(waitMs),
    reboot,
  ];
}

/** One collector's failure costs its own samples only. */
export function composeOs(collectors: readonly Collector[], troubles: Troubles): Exporter {
  const states = collectors.map((collector) => ({ collector, retryAt: Number.NEGATIVE_INFINITY }));
  return {
    name: "os",
    async collect(host, signal) {
      const tick = new Tick(host);
      const samples: Sample[] = [];
      for (const state of states) {
        signal.throwIfAborted();
        const started = host.clock.monotonic();
        const collected =
          started < state.retryAt ? undefined : await attempt(state.collector, host, tick, troubles);
        if (collected === "no data") state.retryAt = started + NO_DATA_RETRY_MS;
        const success = typeof collected === "object";
        if (success) samples.push(...collected);
        samples.push(...outcome(state.collector.name, success, host.clock.monotonic() - started));
      }
      return samples;
    },
  };
}

async function attempt(
  collector: Collector,
  host: Host,
  tick: Tick,
  troubles: Troubles,
): Promise<Sample[] | "no data" | "failed"> {
  try {
    const samples = await collector.collect(host, tick);
    troubles.report("collector", collector.name, undefined);
    return samples;
  } catch (error) {
    if (error instanceof NoData) return troubles.absent(collector.name, error.message);
    troubles.report("collector", collector.name, (error as Error).message);
    return "failed";
  }
}

/** As node_exporter reports its collectors: 0 also for what this machine does not have. */
function outcome(collector: string, success: boolean, durationMs: number): Sample[] {
  const labels = [["collector", collector]] as const;
  return [
    sample("node_scrape_collector_duration_seconds", Math.round(durationMs * 1000) / 1e6, labels),
    sample("node_scrape_collector_success", success ? 1 : 0, labels),
  ];
}

/** Says each trouble when it begins, when it changes and when it is over, not every tick. */
export class Troubles {
  readonly #known = new Map<string, string>();

  constructor(private readonly log: Logger) {}

  /** @param reason undefined when all is well */
  report(kind: string, name: string, reason: string | undefined): void {
    const key = `${kind} ${name}`;
    if (this.#known.get(key) === reason) return;
    if (reason === undefined) {
      this.#known.delete(key);
      this.log.info(`os: ${kind} answers again`, { name });
    } else {
      this.#known.set(key, reason);
      this.log.warn(`os: ${kind} gives nothing`, { name, reason });
    }
  }

  absent(collector: string, reason: string): "no data" {
    if (!this.#known.has(`collector ${collector}`))
      this.log.debug("os: nothing to collect", { collector, reason });
    this.#known.delete(`collector ${collector}`);
    return "no data";
  }
}

import { VERSION } from "../lib/version.ts";
import type { Exporter, Sample } from "./exporters/exporter.ts";
import type { ScheduledExporter } from "./exporters/index.ts";
import type { Layouts } from "./layouts.ts";
import type { Spool } from "./spool.ts";
import type { Uplink } from "./uplink.ts";

const INTERVAL_MS = 15_000;
const TIMEOUT_MS = 5_000;

interface AgentParts {
  readonly spool: Pick<Spool, "stats">;
  readonly uplink: Pick<Uplink, "stats">;
  readonly layouts: Pick<Layouts, "drops">;
}

/** The agent about itself, under `dcmon_agent_…`. */
export function selfExporter(parts: AgentParts): ScheduledExporter {
  const exporter: Exporter = { name: "agent", collect: async () => agentSamples(parts) };
  return { exporter, intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS };
}

function agentSamples({ layouts, spool, uplink }: AgentParts): Sample[] {
  const { user, system } = process.cpuUsage();
  const stored = spool.stats();
  const sent = uplink.stats;
  const samples = [
    sample("info", 1, ["version", VERSION]),
    sample("cpu_seconds_total", (user + system) / 1e6),
    sample("resident_memory_bytes", process.memoryUsage.rss()),
    sample("spool_frames", stored.frames),
    sample("spool_bytes", stored.bytes),
    sample("spool_max_bytes", stored.maxBytes),
    sample("spool_writable", stored.trouble === undefined ? 1 : 0),
    sample("spools_set_aside_total", stored.corrupt),
    sample("frames_acknowledged_total", sent.acknowledgedFrames),
    sample("frames_lost_total", stored.overwritten, ["reason", "overwritten"]),
    sample("frames_lost_total", stored.lost, ["reason", "memory_full"]),
    sample("frames_lost_total", stored.damaged, ["reason", "damaged"]),
    sample("frames_lost_total", sent.rejectedFrames, ["reason", "rejected"]),
    sample("frames_lost_total", sent.framesWithoutLayout, ["reason", "no_layout"]),
    sample("layouts_refused_total", sent.refusedLayouts),
    sample("disconnects_total", sent.disconnects),
    ...Object.entries(layouts.drops.counts).map(([reason, count]) =>
      sample("samples_dropped_total", count, ["reason", reason]),
    ),
  ];
  if (sent.clockOffsetMs !== undefined)
    samples.push(sample("clock_offset_seconds", sent.clockOffsetMs / 1000));
  return samples;
}

function sample(name: string, value: number, ...labels: (readonly [string, string])[]): Sample {
  return { name: `dcmon_agent_${name}`, labels, value };
}

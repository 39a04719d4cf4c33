import type { Client } from "../store/types.ts";
import type { AppStore } from "./app_store.ts";
import { queryVector } from "./vectors.ts";

/** What is known about a machine, for the head of its page. Absent: not reported within the lookback. */
export interface NodeFacts {
  readonly os?: string | undefined;
  readonly kernel?: string | undefined;
  readonly architecture?: string | undefined;
  readonly cpus?: number | undefined;
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Seconds since the epoch. */
  readonly bootTime?: number | undefined;
  readonly agent?: string | undefined;
}

/** What was known at `time`, in milliseconds since the epoch. @throws Error when a query fails. */
export async function nodeFacts(store: AppStore, { instance }: Client, time: number): Promise<NodeFacts> {
  const node = `instance=${JSON.stringify(instance)}`;
  const names =
    "node_uname_info|node_os_info|node_boot_time_seconds|node_memory_MemTotal_bytes|dcmon_agent_info";
  const [gauges, cpus] = await Promise.all([
    queryVector(store, `{__name__=~"${names}",${node}}`, time),
    queryVector(store, `count(node_cpu_seconds_total{mode="idle",${node}})`, time),
  ]);
  const find = (name: string) => gauges.find(({ metric }) => metric.__name__ === name);
  const uname = find("node_uname_info")?.metric;
  return {
    os: find("node_os_info")?.metric.pretty_name,
    kernel: uname?.release,
    architecture: uname?.machine,
    cpus: cpus[0]?.value,
    memory: find("node_memory_MemTotal_bytes")?.value,
    bootTime: find("node_boot_time_seconds")?.value,
    agent: find("dcmon_agent_info")?.metric.version,
  };
}

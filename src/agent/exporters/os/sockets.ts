import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { type Collector, fileCollector } from "./collector.ts";
import { isContainerDevice } from "./container_device.ts";
import { hexOf, linesOf, Malformed, numberOf, sample, wordsOf } from "./text.ts";

/** Lines `TCP: inuse 4 orphan 0 … mem 115`. `mem` counts pages. */
export function parseSockstat(text: string, pageBytes: number): Sample[] {
  const samples: Sample[] = [];
  for (const line of linesOf(text)) {
    const [head = "", ...pairs] = wordsOf(line);
    const protocol = head.slice(0, -1);
    for (let i = 0; i < pairs.length; i += 2) {
      const value = numberOf(pairs[i + 1], "/proc/net/sockstat", `${protocol} ${pairs[i]}`);
      samples.push(sample(`node_sockstat_${protocol}_${pairs[i]}`, value));
      if (pairs[i] === "mem") samples.push(sample(`node_sockstat_${protocol}_mem_bytes`, value * pageBytes));
    }
  }
  return samples;
}

export const sockstat: Collector = {
  name: "sockstat",
  collect: (host) => {
    const pageBytes = host.pageBytes;
    return ["net/sockstat", "net/sockstat6"].flatMap((file) =>
      parseSockstat(host.readText(host.proc(file)) ?? "", pageBytes),
    );
  },
};

/** One line a CPU: packets processed, dropped for a full backlog, times that the budget ran out. Hexadecimal. */
export function parseSoftnet(text: string): Sample[] {
  const file = "/proc/net/softnet_stat";
  return linesOf(text).flatMap((line, index) => {
    const columns = wordsOf(line);
    // Since Linux 5.10 the CPU is named; before, every line is one of those online, in order.
    const cpu = columns.length > 12 ? hexOf(columns[12], file, "the CPU") : index;
    const labels = [["cpu", String(cpu)]] as const;
    return [
      sample("node_softnet_processed_total", hexOf(columns[0], file, "packets processed"), labels),
      sample("node_softnet_dropped_total", hexOf(columns[1], file, "packets dropped"), labels),
      sample("node_softnet_times_squeezed_total", hexOf(columns[2], file, "times squeezed"), labels),
    ];
  });
}

export const softnet = fileCollector("softnet", (host) => host.proc("net/softnet_stat"), parseSoftnet);

/** Entries of /proc/net/arp by device, the last column. */
export function parseArp(text: string): Sample[] {
  const entries = new Map<string, number>();
  for (const line of linesOf(text).slice(1)) {
    const columns = wordsOf(line);
    if (columns.length < 6) throw new Malformed("/proc/net/arp", "six columns", line);
    const device = columns.at(-1)!;
    if (isContainerDevice(device)) continue;
    entries.set(device, (entries.get(device) ?? 0) + 1);
  }
  return [...entries].map(([device, count]) => sample("node_arp_entries", count, [["device", device]]));
}

export const arp = fileCollector("arp", (host) => host.proc("net/arp"), parseArp);

/** Bytes waiting in all UDP sockets; the fifth column is `tx:rx` in hexadecimal. */
export function parseUdpQueues(text: string, ip: "v4" | "v6"): Sample[] {
  let tx = 0;
  let rx = 0;
  for (const line of linesOf(text).slice(1)) {
    const [sent, received] = (wordsOf(line)[4] ?? "").split(":");
    tx += hexOf(sent, "/proc/net/udp", "bytes to send");
    rx += hexOf(received, "/proc/net/udp", "bytes received");
  }
  return [
    sample("node_udp_queues", tx, [
      ["ip", ip],
      ["queue", "tx"],
    ]),
    sample("node_udp_queues", rx, [
      ["ip", ip],
      ["queue", "rx"],
    ]),
  ];
}

export const udpQueues: Collector = {
  name: "udp_queues",
  collect(host) {
    const v4 = host.readText(host.proc("net/udp"));
    const v6 = host.readText(host.proc("net/udp6"));
    if (v4 === undefined && v6 === undefined) throw new NoData("/proc/net/udp is not there");
    return [
      ...(v4 === undefined ? [] : parseUdpQueues(v4, "v4")),
      ...(v6 === undefined ? [] : parseUdpQueues(v6, "v6")),
    ];
  },
};

const CONNTRACK_COLUMNS = [
  ["found", 2],
  ["invalid", 4],
  ["ignore", 5],
  ["insert", 8],
  ["insert_failed", 9],
  ["drop", 10],
  ["early_drop", 11],
  ["search_restart", 16],
] as const;

/** One line a CPU after one of headings; the columns are added up over the CPUs. Hexadecimal. */
export function parseConntrackStat(text: string): Sample[] {
  const rows = linesOf(text).slice(1).map(wordsOf);
  return CONNTRACK_COLUMNS.map(([name, column]) => {
    const total = rows.reduce((sum, row) => sum + hexOf(row[column], "/proc/net/stat/nf_conntrack", name), 0);
    return sample(`node_nf_conntrack_stat_${name}`, total);
  });
}

export const conntrack: Collector = {
  name: "conntrack",
  collect: (host) => [
    sample("node_nf_conntrack_entries", conntrackNumber(host, "nf_conntrack_count")),
    sample("node_nf_conntrack_entries_limit", conntrackNumber(host, "nf_conntrack_max")),
    ...parseConntrackStat(host.readText(host.proc("net/stat/nf_conntrack")) ?? ""),
  ],
};

function conntrackNumber(host: Host, file: string): number {
  const value = host.readValue(host.proc(`sys/net/netfilter/${file}`));
  if (value === undefined) throw new NoData("connection tracking is not loaded");
  return numberOf(value, file, "a count");
}

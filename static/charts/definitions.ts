import type { Unit } from "../../views/format.ts";

/** One chart of the client page. The server lays it out from this, the browser fills it. */
export interface ChartDefinition {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** `stacked`: areas upon each other, for parts of a whole. */
  readonly form: "lines" | "stacked";
  readonly queries: readonly ChartQuery[];
  /** The top of the axis, where the whole is known. */
  readonly top?: number;
  /** The axis reaches at least this far, so that noise on an idle machine does not look like load. */
  readonly atLeast?: number;
  /** The axis follows the values, over at least this span: for scales whose zero means little. */
  readonly span?: number;
  /** What is above the middle of a mirrored chart, and what below. */
  readonly halves?: readonly [above: string, below: string];
  /** Its sum is worth saying. */
  readonly total?: boolean;
  /** Shown only when the node has a series of one of these names. Absent: every node has it. */
  readonly needs?: readonly string[];
  /** Said in place of a chart without series, when the node has sent other data in the same span. */
  readonly empty?: string;
}

export interface ChartQuery {
  /**
   * PromQL with three placeholders: `$node` for the matcher of the node, `$window` for a range that holds at least
   * four readings and one step, `$recent` for one that holds three readings and at least one step. Gauges are read
   * as the last value in `$recent`: the lookback of five minutes would draw on where a node has stopped.
   */
  readonly expression: string;
  /** `{{label}}` stands for the value of a label; labels that are missing leave nothing behind. */
  readonly legend: string;
  /** Better words for some legends. */
  readonly words?: Readonly<Record<string, string>>;
  /** The order of legends from the bottom; those not listed follow by name. */
  readonly order?: readonly string[];
  /** Drawn below the axis, as the other direction of the same thing. */
  readonly mirrored?: boolean;
  /** What is left over: drawn without a colour of its own. */
  readonly faint?: boolean;
}

const DISKS = 'device!~"loop.*|ram.*|zram.*|sr.*|fd.*"';
/** Interfaces of the kernel itself, of containers and of virtual machines. */
export const VIRTUAL_DEVICES =
  "lo|veth.*|docker.*|br-.*|virbr.*|cni.*|cali.*|flannel.*|tap.*|vnet.*|fwbr.*|fwln.*|fwpr.*|ifb.*|dummy.*|sit.*|ip6tnl.*|gre.*|tunl.*";
const DEVICES = `device!~"${VIRTUAL_DEVICES}"`;
const FILESYSTEMS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|nsfs|fuse.*|iso9660"';

/** A gauge of the node, where it has been read. */
function latest(name: string, matcher?: string): string {
  return `last_over_time(${name}{${matcher === undefined ? "$node" : `$node,${matcher}`}}[$recent])`;
}

/** Every node reports this while it reports anything. */
export const PRESENCE = latest("node_boot_time_seconds");

export const CHARTS: readonly ChartDefinition[] = [
  {
    id: "cpu",
    title: "CPU",
    unit: "ratio",
    form: "stacked",
    atLeast: 0.1,
    total: true,
    queries: [
      {
        expression: 'avg by (mode) (rate(node_cpu_seconds_total{$node,mode!="idle"}[$window]))',
        legend: "{{mode}}",
        order: ["user", "system", "iowait", "nice", "irq", "softirq", "steal"],
      },
    ],
  },
  {
    id: "load",
    title: "Load",
    unit: "number",
    form: "lines",
    atLeast: 1,
    queries: [
      {
        expression: 'last_over_time({__name__=~"node_load(1|5|15)",$node}[$recent])',
        legend: "{{__name__}}",
        words: { node_load1: "1 min", node_load5: "5 min", node_load15: "15 min" },
        order: ["1 min", "5 min", "15 min"],
      },
    ],
  },
  {
    id: "memory",
    title: "Memory",
    unit: "bytes",
    form: "stacked",
    queries: [
      {
        expression: [
          latest("node_memory_MemTotal_bytes"),
          latest("node_memory_MemFree_bytes"),
          latest("node_memory_Buffers_bytes"),
          latest("node_memory_Cached_bytes"),
          latest("node_memory_SReclaimable_bytes"),
        ].join(" - "),
        legend: "used",
      },
      { expression: latest("node_memory_Buffers_bytes"), legend: "buffers" },
      {
        expression: `${latest("node_memory_Cached_bytes")} + ${latest("node_memory_SReclaimable_bytes")}`,
        legend: "cache",
      },
      { expression: latest("node_memory_MemFree_bytes"), legend: "free", faint: true },
    ],
  },
  {
    id: "network",
    title: "Network",
    unit: "bytes_per_second",
    form: "lines",
    halves: ["in", "out"],
    atLeast: 1024,
    queries: [
      {
        expression: `rate(node_network_receive_bytes_total{$node,${DEVICES}}[$window])`,
        legend: "{{device}} in",
      },
      {
        expression: `rate(node_network_transmit_bytes_total{$node,${DEVICES}}[$window])`,
        legend: "{{device}} out",
        mirrored: true,
      },
    ],
    empty: "This node has no network interface besides loopback.",
  },
  {
    id: "disk-throughput",
    title: "Disk throughput",
    unit: "bytes_per_second",
    form: "lines",
    halves: ["read", "write"],
    atLeast: 1024,
    queries: [
      { expression: `rate(node_disk_read_bytes_total{$node,${DISKS}}[$window])`, legend: "{{device}} read" },
      {
        expression: `rate(node_disk_written_bytes_total{$node,${DISKS}}[$window])`,
        legend: "{{device}} write",
        mirrored: true,
      },
    ],
    empty: "This node reports no disks.",
  },
  {
    id: "disk-operations",
    title: "Disk operations",
    unit: "per_second",
    form: "lines",
    halves: ["read", "write"],
    atLeast: 1,
    queries: [
      {
        expression: `rate(node_disk_reads_completed_total{$node,${DISKS}}[$window])`,
        legend: "{{device}} read",
      },
      {
        expression: `rate(node_disk_writes_completed_total{$node,${DISKS}}[$window])`,
        legend: "{{device}} write",
        mirrored: true,
      },
    ],
    empty: "This node reports no disks.",
  },
  {
    id: "disk-utilisation",
    title: "Disk utilisation",
    unit: "ratio",
    form: "lines",
    atLeast: 0.1,
    queries: [
      { expression: `rate(node_disk_io_time_seconds_total{$node,${DISKS}}[$window])`, legend: "{{device}}" },
    ],
    empty: "This node reports no disks.",
  },
  {
    id: "filesystems",
    title: "File systems",
    unit: "ratio",
    form: "lines",
    top: 1,
    queries: [
      {
        expression: `1 - ${latest("node_filesystem_avail_bytes", FILESYSTEMS)} / ${latest("node_filesystem_size_bytes", FILESYSTEMS)}`,
        legend: "{{mountpoint}}",
      },
    ],
    empty: "This node reports no file systems.",
  },
  {
    id: "temperatures",
    title: "Temperatures",
    unit: "celsius",
    form: "lines",
    span: 20,
    needs: ["node_hwmon_temp_celsius", "node_thermal_zone_temp"],
    queries: [
      { expression: latest("node_hwmon_temp_celsius"), legend: "{{chip}} {{sensor}}" },
      { expression: latest("node_thermal_zone_temp"), legend: "{{type}} {{zone}}" },
    ],
  },
  {
    id: "pressure",
    title: "Pressure",
    unit: "ratio",
    form: "lines",
    atLeast: 0.05,
    needs: ["node_pressure_cpu_waiting_seconds_total"],
    queries: [
      { expression: "rate(node_pressure_cpu_waiting_seconds_total{$node}[$window])", legend: "CPU" },
      { expression: "rate(node_pressure_memory_waiting_seconds_total{$node}[$window])", legend: "memory" },
      { expression: "rate(node_pressure_io_waiting_seconds_total{$node}[$window])", legend: "I/O" },
    ],
  },
];

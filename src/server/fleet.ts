import { VIRTUAL_DEVICES } from "../../static/charts/definitions.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { AppStore } from "./app_store.ts";
import { queryMatrix, queryVector, type VectorSample } from "./vectors.ts";

/** What the fleet table shows of one node. Absent: not measured, or nothing within the lookback. */
export interface Reading {
  /** Ratio of all CPUs' time that was not idle. */
  cpu?: number;
  cpus?: number;
  load1?: number;
  load5?: number;
  load15?: number;
  /** Bytes. */
  memoryTotal?: number;
  memoryAvailable?: number;
  /** Used ratio of the file system at `/`. */
  rootUsed?: number;
  /** Bytes per second over all physical interfaces. */
  received?: number;
  transmitted?: number;
  /** The hottest sensor, °C. */
  temperature?: number;
  /** Seconds since the epoch. */
  bootTime?: number;
  /** CPU ratio over the last half hour. */
  cpuTrend?: Trend;
}

/** Ratios at even distances, oldest first; undefined where there is none. */
export type Trend = readonly (number | undefined)[];

interface FleetReadings {
  readonly byInstance: ReadonlyMap<string, Reading>;
  /** Why figures are missing; empty when all queries were answered. */
  readonly faults: readonly string[];
}

/** Interfaces whose traffic another one carries as well: bonds, teams and VLANs beside the virtual ones. */
const REPEATING_DEVICES = `${VIRTUAL_DEVICES}|bond.*|team.*|.*[.].*`;
const CPU_IDLE = 'avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[1m]))';

const GAUGES: Readonly<
  Record<
    string,
    keyof Reading & ("load1" | "load5" | "load15" | "memoryTotal" | "memoryAvailable" | "bootTime")
  >
> = {
  node_load1: "load1",
  node_load5: "load5",
  node_load15: "load15",
  node_memory_MemTotal_bytes: "memoryTotal",
  node_memory_MemAvailable_bytes: "memoryAvailable",
  node_boot_time_seconds: "bootTime",
};

/** Each query fills one or more columns of the table; all run at once. */
const QUERIES: readonly { expression: string; assign(reading: Reading, sample: VectorSample): void }[] = [
  {
    expression: `{__name__=~"${Object.keys(GAUGES).join("|")}"}`,
    assign: (reading, { metric, value }) => {
      const key = GAUGES[metric.__name__ ?? ""];
      if (key !== undefined) reading[key] = value;
    },
  },
  {
    expression: `1 - ${CPU_IDLE}`,
    assign: (reading, { value }) => {
      reading.cpu = Math.max(0, value);
    },
  },
  {
    expression: 'count by (instance) (node_cpu_seconds_total{mode="idle"})',
    assign: (reading, { value }) => {
      reading.cpus = value;
    },
  },
  {
    expression:
      '1 - max by (instance) (node_filesystem_avail_bytes{mountpoint="/"}) / max by (instance) (node_filesystem_size_bytes{mountpoint="/"})',
    assign: (reading, { value }) => {
      reading.rootUsed = value;
    },
  },
  {
    expression: `sum by (instance) (rate(node_network_receive_bytes_total{device!~"${REPEATING_DEVICES}"}[1m]))`,
    assign: (reading, { value }) => {
      reading.received = value;
    },
  },
  {
    expression: `sum by (instance) (rate(node_network_transmit_bytes_total{device!~"${REPEATING_DEVICES}"}[1m]))`,
    assign: (reading, { value }) => {
      reading.transmitted = value;
    },
  },
  {
    expression: 'max by (instance) ({__name__=~"node_hwmon_temp_celsius|node_thermal_zone_temp"})',
    assign: (reading, { value }) => {
      reading.temperature = value;
    },
  },
];

/** Pages of several viewers share one reading. */
const READINGS_FRESH_MS = 900;
const TREND_FRESH_MS = 30_000;
const TREND_SPAN_MS = 30 * 60_000;
const TREND_STEP_MS = 60_000;

/** The latest figures of every node, for the fleet table. */
export class Fleet {
  readonly #store: AppStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #readings: Kept<FleetReadings>;
  readonly #trends: Kept<ReadonlyMap<string, Trend>>;

  constructor(store: AppStore, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#readings = new Kept(READINGS_FRESH_MS, clock, () => this.#read());
    this.#trends = new Kept(TREND_FRESH_MS, clock, () => this.#readTrends());
  }

  /** Never rejects: a query that fails leaves its columns empty and is told in `faults`. */
  readings(): Promise<FleetReadings> {
    return this.#readings.get();
  }

  async #read(): Promise<FleetReadings> {
    const time = this.#clock.now();
    const byInstance = new Map<string, Reading>();
    const faults: string[] = [];
    const fault = (error: unknown) => {
      faults.push(error instanceof Error ? error.message : String(error));
      this.#log.warn("cannot read figures for the fleet table", { reason: faults.at(-1) });
    };
    const answers = QUERIES.map(async ({ expression, assign }) => {
      for (const sample of await queryVector(this.#store, expression, time))
        assign(readingOf(byInstance, sample.metric.instance), sample);
    });
    const trends = this.#trends.get().then((trendOf) => {
      for (const [instance, trend] of trendOf) readingOf(byInstance, instance).cpuTrend = trend;
    });
    await Promise.all([...answers, trends].map((answer) => answer.catch(fault)));
    return { byInstance, faults };
  }

  async #readTrends(): Promise<ReadonlyMap<string, Trend>> {
    const end = Math.floor(this.#clock.now() / TREND_STEP_MS) * TREND_STEP_MS;
    const range = { start: end - TREND_SPAN_MS, end, step: TREND_STEP_MS };
    const series = await queryMatrix(this.#store, `1 - ${CPU_IDLE}`, range);
    return new Map(series.map(({ metric, values }) => [metric.instance ?? "", values]));
  }
}

function readingOf(byInstance: Map<string, Reading>, instance = ""): Reading {
  let reading = byInstance.get(instance);
  if (reading === undefined) {
    reading = {};
    byInstance.set(instance, reading);
  }
  return reading;
}

/** One value that is fetched again once it is older than `freshMs`; callers at the same time share the fetch. */
class Kept<T> {
  #value: Promise<T> | undefined;
  #since = 0;
  readonly #freshMs: number;
  readonly #clock: Clock;
  readonly #fetch: () => Promise<T>;

  constructor(freshMs: number, clock: Clock, fetch: () => Promise<T>) {
    this.#freshMs = freshMs;
    this.#clock = clock;
    this.#fetch = fetch;
  }

  get(): Promise<T> {
    const now = this.#clock.monotonic();
    if (this.#value === undefined || now - this.#since > this.#freshMs) {
      this.#since = now;
      const value = this.#fetch();
      this.#value = value;
      value.catch(() => {
        if (this.#value === value) this.#value = undefined;
      });
    }
    return this.#value;
  }
}

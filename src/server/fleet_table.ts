import type { Client } from "../store/types.ts";
import { type ClientStatus, type StatusRules, statusOf } from "./client_status.ts";
import type { Reading } from "./fleet.ts";

export interface FleetRow {
  readonly id: string;
  readonly name: string;
  /** What tells nodes of the same name apart. */
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: ClientStatus;
  /** Milliseconds since the epoch. */
  readonly lastSeen: number | undefined;
  /** Seconds. */
  readonly uptime: number | undefined;
  /** Used ratio of the memory: what is not available to programs. */
  readonly memoryUsed: number | undefined;
  /** Empty for a client that is down: old figures would look like current ones. */
  readonly reading: Reading;
}

const SORT_KEYS = [
  "name",
  "status",
  "cpu",
  "load",
  "memory",
  "disk",
  "received",
  "transmitted",
  "temperature",
  "uptime",
  "seen",
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** What the URL says about the table. */
export interface TableState {
  readonly sort: SortKey;
  readonly descending: boolean;
  /** Words that a name, an instance or a label must contain. */
  readonly filter: string;
  /** Counted from 1. */
  readonly page: number;
}

const DEFAULT_STATE: TableState = { sort: "name", descending: false, filter: "", page: 1 };

/** A refresh sends this many rows at most, however many nodes there are. */
const ROWS_PER_PAGE = 200;

/** Reads `sort` (a key, with `-` before it for descending order), `q` and `page`. What it does not know, it ignores. */
export function tableStateOf(parameters: URLSearchParams): TableState {
  const text = parameters.get("sort") ?? "";
  const sort = SORT_KEYS.find((key) => key === text.replace(/^-/, "")) ?? DEFAULT_STATE.sort;
  const page = /^\d{1,6}$/.test(parameters.get("page") ?? "") ? Number(parameters.get("page")) : 1;
  return { sort, descending: text.startsWith("-"), filter: (parameters.get("q") ?? "").slice(0, 200), page };
}

/** The query string of a state, `?` included; empty for the default. */
export function queryStringOf({ sort, descending, filter, page }: TableState): string {
  const parameters = new URLSearchParams();
  if (filter !== "") parameters.set("q", filter);
  if (sort !== DEFAULT_STATE.sort || descending) parameters.set("sort", (descending ? "-" : "") + sort);
  if (page > 1) parameters.set("page", String(page));
  return parameters.size === 0 ? "" : `?${parameters}`;
}

/** The state after a click on a column's head: figures start with the largest, words with the first. */
export function sortedBy(state: TableState, sort: SortKey): TableState {
  const descending = state.sort === sort ? !state.descending : sort !== "name" && sort !== "status";
  return { ...state, sort, descending, page: 1 };
}

export function fleetRows(
  clients: readonly Client[],
  readings: ReadonlyMap<string, Reading>,
  lastReceived: (owner: number) => number | undefined,
  now: number,
  rules: StatusRules,
): FleetRow[] {
  return clients
    .filter((client) => !client.revoked)
    .map((client) => {
      const lastSeen = lastReceived(client.owner);
      const status = statusOf(client.id, lastSeen, now, rules);
      const reading = status === "down" || status === "never" ? {} : (readings.get(client.instance) ?? {});
      const uptime = reading.bootTime === undefined ? undefined : now / 1000 - reading.bootTime;
      const { id, name, instance, labels } = client;
      return {
        id,
        name,
        instance,
        labels,
        status,
        lastSeen,
        uptime,
        memoryUsed: memoryUsed(reading),
        reading,
      };
    });
}

/** The rows that the filter leaves, in the order asked for; rows without a value come last in either order. */
export function arranged(rows: readonly FleetRow[], { sort, descending, filter }: TableState): FleetRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = rows.filter((row) => words.every((word) => haystack(row).includes(word)));
  const sign = descending ? -1 : 1;
  const keyOf = SORT_VALUES[sort];
  return kept.sort((a, b) => {
    const x = keyOf(a);
    const y = keyOf(b);
    if (x === undefined || y === undefined) return x === y ? byName(a, b) : x === undefined ? 1 : -1;
    const order = typeof x === "number" ? x - (y as number) : COLLATOR.compare(x, y as string);
    return order === 0 ? byName(a, b) : sign * order;
  });
}

/** The rows of one page; a page beyond the last is the last. */
export function pageOf<T>(
  rows: readonly T[],
  page: number,
): { rows: readonly T[]; page: number; first: number } {
  const last = Math.max(1, Math.ceil(rows.length / ROWS_PER_PAGE));
  const shown = Math.min(Math.max(1, page), last);
  const first = (shown - 1) * ROWS_PER_PAGE;
  return { rows: rows.slice(first, first + ROWS_PER_PAGE), page: shown, first };
}

const COLLATOR = new Intl.Collator("en", { numeric: true });
const STATUS_ORDER: readonly ClientStatus[] = ["down", "stale", "never", "online"];

const SORT_VALUES: Readonly<Record<SortKey, (row: FleetRow) => number | string | undefined>> = {
  name: (row) => row.name,
  status: (row) => STATUS_ORDER.indexOf(row.status),
  cpu: (row) => row.reading.cpu,
  load: (row) => row.reading.load1,
  memory: (row) => row.memoryUsed,
  disk: (row) => row.reading.rootUsed,
  received: (row) => row.reading.received,
  transmitted: (row) => row.reading.transmitted,
  temperature: (row) => row.reading.temperature,
  uptime: (row) => row.uptime,
  seen: (row) => row.lastSeen,
};

function memoryUsed({ memoryTotal, memoryAvailable }: Reading): number | undefined {
  return memoryTotal && memoryAvailable !== undefined ? 1 - memoryAvailable / memoryTotal : undefined;
}

export interface FleetTotals {
  readonly nodes: number;
  readonly byStatus: Readonly<Record<ClientStatus, number>>;
  readonly cpus: number;
  /** In CPUs. */
  readonly cpusBusy: number;
  /** Bytes. */
  readonly memoryTotal: number;
  readonly memoryUsed: number;
  /** Bytes per second. */
  readonly received: number;
  readonly transmitted: number;
}

export function totalsOf(rows: readonly FleetRow[]): FleetTotals {
  const byStatus = { online: 0, stale: 0, down: 0, never: 0 };
  const sums = { cpus: 0, cpusBusy: 0, memoryTotal: 0, memoryUsed: 0, received: 0, transmitted: 0 };
  for (const { status, reading } of rows) {
    byStatus[status]++;
    sums.received += reading.received ?? 0;
    sums.transmitted += reading.transmitted ?? 0;
    if (reading.cpus !== undefined && reading.cpu !== undefined) {
      sums.cpus += reading.cpus;
      sums.cpusBusy += reading.cpus * reading.cpu;
    }
    if (reading.memoryTotal !== undefined && reading.memoryAvailable !== undefined) {
      sums.memoryTotal += reading.memoryTotal;
      sums.memoryUsed += reading.memoryTotal - reading.memoryAvailable;
    }
  }
  return { nodes: rows.length, byStatus, ...sums };
}

function haystack({ name, instance, labels }: FleetRow): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [name, instance, ...pairs].join(" ").toLowerCase();
}

function byName(a: FleetRow, b: FleetRow): number {
  return COLLATOR.compare(a.name, b.name) || COLLATOR.compare(a.instance, b.instance);
}

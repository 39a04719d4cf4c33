import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { type Labels, labelsOf, METRIC_NAME } from "../metrics/labels.ts";
import type { Client, StoreStats } from "../store/types.ts";
import type { Layout } from "../wire/layout.ts";

/** What the server says of itself is on the same wall-clock grid for every server. */
const INTERVAL_MS = 15_000;
/** Clients per layout of `up`, so that one more client does not announce all of them anew. */
const CLIENTS_PER_LAYOUT = 500;
/** How finely the event loop is watched: a block shorter than this is not seen. */
const LOOP_RESOLUTION_MS = 10;
const LOOP_BLOCK = "dcmon_server_event_loop_block_max_seconds";

/** Where the server's own figures come from, and where they go. */
interface OwnSeriesOptions {
  readonly store: {
    stats(): StoreStats;
    appendOwn(layout: Layout, timestamp: number, values: ArrayLike<number>): void;
  };
  readonly clients: () => readonly Client[];
  /** True while the client's frames come as its intervals promise. */
  readonly isUp: (client: Client) => boolean;
  readonly hubStats: () => HubFigures;
  /** The server's `instance`. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
}

interface HubFigures {
  readonly connections: number;
  /** Since the start of the server, by reason. */
  readonly closedByReason: Readonly<Record<string, number>>;
}

type Figure = readonly [name: string, value: number, labels?: readonly (readonly [string, string])[]];

/**
 * Writes `up{job,instance}` for every client and `dcmon_server_*` about the server itself, every 15 s.
 * @returns a function that ends it.
 */
export function writeOwnSeries(options: OwnSeriesOptions): () => void {
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  const trouble = new Trouble(options.log);
  let timer: Timer;
  const schedule = () => {
    const now = options.clock.now();
    const next = (Math.floor(now / INTERVAL_MS) + 1) * INTERVAL_MS;
    timer = setTimeout(() => {
      const longestBlock = loop.max / 1e9;
      loop.reset();
      try {
        writeUp(options, next);
        writeFigures(options, next, [...processFigures(trouble), [LOOP_BLOCK, longestBlock]]);
      } catch (error) {
        trouble.tell("cannot write the server's own series", error);
      } finally {
        schedule();
      }
    }, next - now);
  };
  schedule();
  return () => {
    clearTimeout(timer);
    loop.disable();
  };
}

function writeUp({ store, clients, isUp }: OwnSeriesOptions, timestamp: number): void {
  const known = clients().filter((client) => !client.revoked);
  for (let from = 0; from < known.length; from += CLIENTS_PER_LAYOUT) {
    const slice = known.slice(from, from + CLIENTS_PER_LAYOUT);
    const layout = {
      exporter: `up/${from / CLIENTS_PER_LAYOUT}`,
      interval: INTERVAL_MS,
      series: slice.map(({ instance }) => seriesLabels("up", "node", instance)),
    };
    store.appendOwn(
      layout,
      timestamp,
      slice.map((client) => (isUp(client) ? 1 : 0)),
    );
  }
}

function writeFigures(options: OwnSeriesOptions, timestamp: number, ofProcess: readonly Figure[]): void {
  const figures = [...ofProcess, ...storeFigures(options.store.stats()), ...hubFigures(options.hubStats())];
  const layout = {
    exporter: "server",
    interval: INTERVAL_MS,
    series: figures.map(([name, , labels]) => seriesLabels(name, "dcmon", options.instance, labels)),
  };
  options.store.appendOwn(
    layout,
    timestamp,
    figures.map(([, value]) => value),
  );
}

function processFigures(trouble: Trouble): Figure[] {
  const { user, system } = process.cpuUsage();
  return [
    ["dcmon_server_cpu_seconds_total", (user + system) / 1e6],
    ["dcmon_server_resident_memory_bytes", residentMemory(trouble)],
  ];
}

/** Absent while the process has no file descriptor left: it is read from a file. */
function residentMemory(trouble: Trouble): number {
  try {
    return process.memoryUsage.rss();
  } catch (error) {
    trouble.tell("cannot read the server's own memory", error);
    return Number.NaN;
  }
}

/** Says each thing that goes wrong once: it would come with every round. */
class Trouble {
  readonly #log: Logger;
  readonly #told = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  tell(message: string, error: unknown): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#log.error(message, { reason: error instanceof Error ? error.message : String(error) });
  }
}

function storeFigures(stats: StoreStats): Figure[] {
  return [
    ["dcmon_server_series", stats.series],
    ["dcmon_server_head_frames", stats.headFrames],
    ["dcmon_server_head_bytes", stats.headBytes],
    ["dcmon_server_journal_rows", stats.journalRows],
    ["dcmon_server_pending_bytes", stats.pendingBytes],
    ["dcmon_server_commits_total", stats.commits],
    ["dcmon_server_commit_errors_total", stats.commitErrors],
    ["dcmon_server_frames_appended_total", stats.framesAppended],
    ["dcmon_server_samples_appended_total", stats.samplesAppended],
    ["dcmon_server_samples_merged_total", stats.samplesMerged],
    ["dcmon_server_series_refused_total", stats.seriesRefused],
    ["dcmon_server_blocks_sealed_total", stats.blocksSealed],
    ["dcmon_server_queries_total", stats.queries],
    ...byReason("dcmon_server_frames_rejected_total", stats.framesRejected),
  ];
}

function hubFigures(stats: HubFigures): Figure[] {
  return [
    ["dcmon_server_connections", stats.connections],
    ...byReason("dcmon_server_connections_closed_total", stats.closedByReason),
  ];
}

function byReason(name: string, counts: Readonly<Record<string, number>>): Figure[] {
  return Object.entries(counts).map(([reason, count]) => [name, count, [["reason", reason]]]);
}

function seriesLabels(
  name: string,
  job: string,
  instance: string,
  labels: readonly (readonly [string, string])[] = [],
): Labels {
  return labelsOf([[METRIC_NAME, name], ["job", job], ["instance", instance], ...labels]);
}

import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { silentLogger } from "../../src/lib/log.ts";
import { labelsOf } from "../../src/metrics/labels.ts";
import { Store } from "../../src/store/store.ts";
import { type Layout, layoutHash } from "../../src/wire/layout.ts";
import { encodeValues } from "../../src/wire/values.ts";

const INTERVAL_MS = 5000;
const BUCKET_MS = 30 * 60 * 1000;
const T0 = Math.floor(1_800_000_000_000 / BUCKET_MS) * BUCKET_MS;

interface Options {
  owners: number;
  /** Of each owner. */
  series: number;
  ticks: number;
}

/** What every part of the bench works on. */
interface Bench extends Options {
  readonly clock: { time: number; now(): number; monotonic(): number };
  readonly dataDir: string;
}

/**
 * The store alone, in one process: what a sample costs from append to sealed chunk, how long main is blocked, how
 * long a start takes, how fast queries are.
 */
export async function benchStore(args: string[]): Promise<void> {
  const clock = { time: T0, now: () => clock.time, monotonic: () => performance.now() };
  const dataDir = mkdtempSync(join(tmpdir(), "dcmon-bench-"));
  const bench = { ...readOptions(args), clock, dataDir };
  try {
    let store = await open(bench);
    await ingest(store, bench);
    await queries(store, bench);
    await store.close();
    reportDisk(dataDir);
    const began = performance.now();
    store = await open(bench);
    report("start", {
      ms: performance.now() - began,
      "head frames": store.stats().headFrames,
      series: store.stats().series,
    });
    await store.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      owners: { type: "string", default: "100" },
      series: { type: "string", default: "300" },
      ticks: { type: "string", default: "720" },
    },
  });
  return { owners: Number(values.owners), series: Number(values.series), ticks: Number(values.ticks) };
}

function open({ clock, dataDir }: Bench): Promise<Store> {
  return Store.open({
    dataDir,
    bucketMs: BUCKET_MS,
    retentionMs: 30 * 24 * 3600 * 1000,
    queryWorkers: 1,
    queryTimeoutMs: 60_000,
    clock,
    log: silentLogger,
  });
}

function layoutOf(owner: number, count: number): Layout {
  const series = Array.from({ length: count }, (_, i) =>
    labelsOf([
      ["__name__", `node_metric_${i % 60}_total`],
      ["device", `dev${Math.floor(i / 60)}`],
      ["instance", `node-${owner}`],
      ["job", "node"],
    ]),
  );
  return { exporter: "os", interval: INTERVAL_MS, series };
}

/** As a node_exporter's: many constants, counters at different speeds, some gauges with decimals. */
function valuesAt(owner: number, tick: number, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    const kind = i % 10;
    if (kind < 5) out[i] = i * 1000 + owner;
    else if (kind < 8) out[i] = (tick * (i + 1) * 37 + ((tick * 7919 + i) % 13)) | 0;
    else out[i] = Math.round((50 + 10 * Math.sin((tick + i + owner) / 9)) * 100) / 100;
  }
}

/** The longest time that main did not come back to its event loop. */
class BlockMeter {
  longest = 0;
  private last = performance.now();
  private readonly timer = setInterval(() => {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.last - 1);
    this.last = now;
  }, 1);

  stop(): number {
    clearInterval(this.timer);
    return this.longest;
  }
}

async function ingest(store: Store, { owners, series, ticks, clock }: Bench): Promise<void> {
  const senders = Array.from({ length: owners }, (_, i) => {
    const layout = layoutOf(i, series);
    const { stream } = store.openStream(i + 1, "epoch");
    return { owner: i + 1, stream, layout: store.registerLayout(i + 1, layout, layoutHash(layout)).id };
  });
  let durable = 0;
  store.onDurable((_, sequence) => {
    durable = Math.max(durable, sequence);
  });
  const values = new Float64Array(series);
  // Encoded before the clock starts: that is the agents' work.
  const payloads = Array.from({ length: ticks }, (_, tick) => {
    valuesAt(0, tick, values);
    return encodeValues(values);
  });
  const meter = new BlockMeter();
  const cpu = process.cpuUsage();
  const began = performance.now();
  let appendMs = 0;
  for (let tick = 0; tick < ticks; tick++) {
    const timestamp = T0 + tick * INTERVAL_MS;
    clock.time = timestamp;
    const before = performance.now();
    for (const { owner, stream, layout } of senders) {
      const outcome = store.append({
        stream,
        owner,
        layout,
        sequence: tick + 1,
        timestamp,
        payload: payloads[tick]!,
      });
      if (outcome !== "accepted") throw new Error(`frame ${outcome}`);
    }
    appendMs += performance.now() - before;
    while (store.stats().pendingBytes > 8e6) await Bun.sleep(1);
    if (tick % 4 === 3) await Bun.sleep(0);
  }
  while (durable < ticks || store.stats().headBlocks > owners) await Bun.sleep(1);
  const wall = performance.now() - began;
  const used = process.cpuUsage(cpu);
  const samples = owners * series * ticks;
  const cpuUs = used.user + used.system;
  report("ingest", {
    samples,
    "wall s": wall / 1000,
    "M samples/s": samples / wall / 1000,
    "CPU µs/sample, all threads": cpuUs / samples,
    "of that in append()": (appendMs * 1000) / samples,
    "longest block of main, ms": meter.stop(),
    commits: store.stats().commits,
    "blocks sealed": store.stats().blocksSealed,
    "head MB": store.stats().headBytes / 1e6,
    "RSS MB": process.memoryUsage.rss() / 1e6,
  });
}

async function queries(store: Store, { ticks }: Bench): Promise<void> {
  const end = T0 + (ticks - 1) * INTERVAL_MS;
  const hour = 3600_000;
  const cases: [string, string, number, number][] = [
    ["one series, 1 h, 360 points", 'node_metric_7_total{instance="node-3",device="dev0"}', hour, 10_000],
    [
      "16 rates, 1 h, 360 points",
      'rate(node_metric_7_total{instance=~"node-[0-9]|node-1[0-5]",device="dev0"}[5m])',
      hour,
      10_000,
    ],
    ["fleet max by instance, 1 h", "max by (instance) (node_metric_9_total)", hour, 10_000],
    ["fleet rate sum, 1 h", "sum(rate(node_metric_7_total[5m]))", hour, 10_000],
  ];
  for (const [name, query, span, step] of cases) {
    const times: number[] = [];
    let bytes = 0;
    for (let i = 0; i < 12; i++) {
      const began = performance.now();
      const outcome = await store.query(query, { kind: "range", start: end - span + step, end, step });
      times.push(performance.now() - began);
      if (!outcome.ok) throw new Error(outcome.error.message);
      bytes = outcome.json.length;
    }
    const warm = times.slice(2).sort((a, b) => a - b);
    report(`query: ${name}`, { "first ms": times[0]!, "median ms": warm[5]!, "kB of JSON": bytes / 1000 });
  }
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const began = performance.now();
    await store.query("topk(5, node_metric_9_total)", { kind: "instant", time: end });
    times.push(performance.now() - began);
  }
  report("query: topk now", { "first ms": times[0]!, "median ms": times.slice(2).sort((a, b) => a - b)[5]! });
}

function reportDisk(dataDir: string): void {
  const path = join(dataDir, "dcmon.db");
  const database = new Database(path, { readonly: true });
  const [[chunks, bytes]] = database.query("SELECT count(*), sum(length(data)) FROM chunk").values() as [
    [number, number],
  ];
  database.close();
  report("disk", {
    "file MB, with the journal and free pages": statSync(path).size / 1e6,
    chunks,
    "chunk bytes a sample": bytes / (chunks * (BUCKET_MS / INTERVAL_MS)),
  });
}

function report(what: string, figures: Record<string, number>): void {
  const texts = Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  console.log(`${what}: ${texts.join(", ")}`);
}

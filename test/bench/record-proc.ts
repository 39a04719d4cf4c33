/**
 * Records what an os exporter would report, idle and busy, as the fixture that codec.ts measures on:
 *
 *     bun test/bench/record-proc.ts OUT.json.zst [--samples 360] [--interval 500]
 *
 * Reads /proc only. "Busy" means dd to a temporary file, a type check of this repository and loopback traffic,
 * each in bursts.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Recording } from "./recording.ts";

const HUNDREDTHS = 100;
const CPU_MODES = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
const VMSTAT = ["pgpgin", "pgpgout", "pswpin", "pswpout", "pgfault", "pgmajfault", "oom_kill"];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { samples: { type: "string", default: "360" }, interval: { type: "string", default: "500" } },
  });
  const [out] = positionals;
  if (out === undefined) throw new Error("Cannot record: no output file given");
  const samples = Number(values.samples);
  const interval = Number(values.interval);
  const idle = await record(samples, interval);
  const stop = await startLoad();
  const busy = await record(samples, interval);
  await stop();
  const recording: Recording = { interval, phases: { idle, busy } };
  await Bun.write(out, Bun.zstdCompressSync(JSON.stringify(recording), { level: 19 }));
}

async function record(samples: number, interval: number): Promise<Record<string, number[]>> {
  const columns: Record<string, number[]> = {};
  const start = performance.now();
  for (let i = 0; i < samples; i++) {
    await Bun.sleep(Math.max(0, start + i * interval - performance.now()));
    for (const [name, value] of await readAll()) {
      columns[name] ??= [];
      columns[name].push(value);
    }
  }
  for (const [name, column] of Object.entries(columns)) if (column.length < samples) delete columns[name];
  return columns;
}

async function readAll(): Promise<[string, number][]> {
  const read = (file: string) => Bun.file(`/proc/${file}`).text();
  return [
    ...parseStat(await read("stat")),
    ...parseMeminfo(await read("meminfo")),
    ...parseDiskstats(await read("diskstats")),
    ...parseNetDev(await read("net/dev")),
    ...parseLoadavg(await read("loadavg")),
    ...parseVmstat(await read("vmstat")),
  ];
}

function rows(text: string): string[][] {
  return text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/[\s:]+/));
}

function parseStat(text: string): [string, number][] {
  return rows(text).flatMap(([key = "", ...fields]): [string, number][] => {
    if (/^cpu\d/.test(key))
      return CPU_MODES.map((mode, i) => [
        `node_cpu_seconds_total{cpu="${key.slice(3)}",mode="${mode}"}`,
        Number(fields[i]) / HUNDREDTHS,
      ]);
    return /^(ctxt|intr|processes|procs_running|procs_blocked)$/.test(key)
      ? [[`node_${key}`, Number(fields[0])]]
      : [];
  });
}

function parseMeminfo(text: string): [string, number][] {
  return rows(text).map(([key, value, unit]) => [
    `node_memory_${key}${unit === "kB" ? "_bytes" : ""}`,
    Number(value) * (unit === "kB" ? 1024 : 1),
  ]);
}

function parseDiskstats(text: string): [string, number][] {
  return rows(text).flatMap(([, , device, ...fields]): [string, number][] => {
    const f = fields.map(Number);
    const name = (metric: string) => `node_disk_${metric}{device="${device}"}`;
    return [
      [name("reads_completed_total"), f[0]!],
      [name("read_bytes_total"), f[2]! * 512],
      [name("read_time_seconds_total"), f[3]! / 1000],
      [name("writes_completed_total"), f[4]!],
      [name("written_bytes_total"), f[6]! * 512],
      [name("write_time_seconds_total"), f[7]! / 1000],
      [name("io_time_seconds_total"), f[9]! / 1000],
      [name("io_time_weighted_seconds_total"), f[10]! / 1000],
    ];
  });
}

function parseNetDev(text: string): [string, number][] {
  return rows(text)
    .slice(2)
    .flatMap(([device, ...fields]): [string, number][] =>
      ["receive", "transmit"].flatMap((direction, half) =>
        ["bytes", "packets", "errs", "drop"].map((what, i): [string, number] => [
          `node_network_${direction}_${what}_total{device="${device}"}`,
          Number(fields[half * 8 + i]),
        ]),
      ),
    );
}

function parseLoadavg(text: string): [string, number][] {
  const [one, five, fifteen] = text.split(" ").map(Number);
  return [
    ["node_load1", one!],
    ["node_load5", five!],
    ["node_load15", fifteen!],
  ];
}

function parseVmstat(text: string): [string, number][] {
  return rows(text).flatMap(([key = "", value]): [string, number][] =>
    VMSTAT.includes(key) ? [[`node_vmstat_${key}`, Number(value)]] : [],
  );
}

/** Starts the busy phase; the answer ends it. */
async function startLoad(): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), "dcmon-record-"));
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(new Uint8Array(300_000)),
  });
  const stopped = new AbortController();
  const burst = async (pause: number, work: () => Promise<unknown>) => {
    while (!stopped.signal.aborted) {
      await work();
      await Bun.sleep(pause * (0.5 + Math.random()));
    }
  };
  const spawn = (argv: string[]) =>
    Bun.spawn(argv, { stdout: "ignore", stderr: "ignore", signal: stopped.signal }).exited;
  const loads = [
    burst(1500, () => spawn(["dd", "if=/dev/zero", `of=${dir}/file`, "bs=1M", "count=150", "conv=fsync"])),
    burst(3000, () => spawn(["node_modules/.bin/tsc", "--noEmit"])),
    burst(20, async () => (await fetch(server.url)).arrayBuffer()),
  ];
  return async () => {
    stopped.abort();
    await Promise.all(loads);
    await server.stop(true);
    await rm(dir, { recursive: true });
  };
}

if (import.meta.main) await main();

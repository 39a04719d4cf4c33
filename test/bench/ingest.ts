import { parseArgs } from "node:util";
import { type DatabaseSize, measureDatabase } from "./database_size.ts";
import { LoadProcess } from "./load_process.ts";
import type { Usage } from "./process_meter.ts";
import { ServerProcess } from "./server_process.ts";
import { printTable } from "./table.ts";

const IDLE_SECONDS = 10;
/** The server writes its own figures every 15 s; waiting this long, one of them is written. */
const OWN_INTERVAL_MS = 16_000;

interface Options {
  agents: number;
  series: number;
  /** How long the paced part is measured. */
  seconds: number;
  /** Ticks of 1 s that each agent has spooled before it connects, in the saturated part. */
  backlog: number;
}

/**
 * What samples cost a real `dcmon server`, sent by simulated agents through the agent's own spool and uplink: paced at
 * one tick a second, and draining a backlog as fast as it goes.
 */
export async function benchIngest(args: string[]): Promise<void> {
  const options = readOptions(args);
  const { agents, series } = options;
  console.log(`${agents} agents × ${series} series`);
  await paced(options);
  await saturated(options);
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      agents: { type: "string", default: "100" },
      series: { type: "string", default: "300" },
      seconds: { type: "string", default: "60" },
      backlog: { type: "string", default: "4000" },
    },
  });
  return {
    agents: Number(values.agents),
    series: Number(values.series),
    seconds: Number(values.seconds),
    backlog: Number(values.backlog),
  };
}

async function paced({ agents, series, seconds }: Options): Promise<void> {
  const server = await ServerProcess.start();
  const idle = await idleRate(server);
  const load = await LoadProcess.start(server, { agents, series, interval: 1000 });
  await load.until((status) => status.connected === agents && status.acknowledged >= 5 * agents);
  // What joining cost is not to be in the first of the figures that the server writes every 15 s.
  await Bun.sleep(OWN_INTERVAL_MS);
  const [before, acknowledged, started] = [server.usage(), load.status.acknowledged, performance.now()];
  await Bun.sleep(seconds * 1000);
  const elapsed = (performance.now() - started) / 1000;
  const after = server.usage();
  const samples = (load.status.acknowledged - acknowledged) * series;
  await Bun.sleep(OWN_INTERVAL_MS);
  const block = await longestBlock(server, started);
  await load.stop();
  await server.stop();
  await server.removeData();
  report("paced, a tick a second", { samples, elapsed, cpuSpan: elapsed, before, after, idle, block });
}

async function saturated({ agents, series, backlog }: Options): Promise<void> {
  const server = await ServerProcess.start();
  const idle = await idleRate(server);
  const load = await LoadProcess.start(server, { agents, series, interval: 1000, backlog });
  await load.until((status) => status.spooled >= agents * backlog);
  const [before, started] = [server.usage(), performance.now()];
  await load.until((status) => status.acknowledged >= agents * backlog);
  const elapsed = (performance.now() - started) / 1000;
  // Sealing goes on for a while.
  await Bun.sleep(OWN_INTERVAL_MS);
  const after = server.usage();
  const cpuSpan = (performance.now() - started) / 1000;
  const block = await longestBlock(server, started);
  await load.stop();
  await server.stop();
  const samples = agents * backlog * series;
  report("a backlog, as fast as it goes", { samples, elapsed, cpuSpan, before, after, idle, block });
  reportDatabase(await measureDatabase(server.dataDir));
  await server.removeData();
}

/** Seconds, since a time of `performance.now()`. */
function longestBlock(server: ServerProcess, since: number): Promise<number> {
  const span = Math.floor(performance.now() - since);
  return server.query(`max_over_time(dcmon_server_event_loop_block_max_seconds[${span}ms])`);
}

/** Seconds of CPU that a server without agents takes in a second. */
async function idleRate(server: ServerProcess): Promise<number> {
  await Bun.sleep(3000);
  const before = server.usage();
  await Bun.sleep(IDLE_SECONDS * 1000);
  return (server.usage().cpu - before.cpu) / IDLE_SECONDS;
}

interface Measured {
  samples: number;
  /** Seconds until everything was acknowledged. */
  elapsed: number;
  /** Seconds between `before` and `after`. */
  cpuSpan: number;
  before: Usage;
  after: Usage;
  idle: number;
  block: number;
}

function report(title: string, { samples, elapsed, cpuSpan, before, after, idle, block }: Measured): void {
  const cpu = after.cpu - before.cpu - idle * cpuSpan;
  console.log(`\n${title}: ${(samples / 1e6).toFixed(2)} M samples in ${elapsed.toFixed(1)} s`);
  printTable(
    ["server", ""],
    [
      ["samples a second", Math.round(samples / elapsed).toLocaleString("en")],
      ["CPU a sample, all threads, idle subtracted", `${((cpu * 1e6) / samples).toFixed(3)} µs`],
      ["the same, of one core", `${((100 * cpu) / elapsed).toFixed(1)} %`],
      ["idle, of one core", `${(100 * idle).toFixed(2)} %`],
      ["written to disk a sample", `${((after.written - before.written) / samples).toFixed(2)} bytes`],
      ["resident memory, now and peak", `${megabytes(after.resident)}, ${megabytes(after.residentPeak)}`],
      ["longest block of the main thread", `${(block * 1000).toFixed(1)} ms`],
      [
        "time in which it waited for a core",
        `${((100 * (after.mainWaited - before.mainWaited)) / cpuSpan).toFixed(1)} %`,
      ],
    ],
  );
}

function reportDatabase(size: DatabaseSize): void {
  const perSample = (bytes: number) => `${(bytes / size.samples).toFixed(3)} bytes`;
  console.log(`\nits database: ${size.chunks} chunks of ${Math.round(size.samples / size.chunks)} samples`);
  printTable(
    ["", ""],
    [
      ["chunks and index a sample, whole pages", perSample(size.kept)],
      ["chunks' own bytes a sample", perSample(size.chunkPayload)],
      ["journal", megabytes(size.journal)],
      ["file and WAL", megabytes(size.file)],
    ],
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

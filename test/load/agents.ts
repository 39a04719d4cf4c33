/**
 * Simulated agents, many in one process, through the agent's real identity, spool and uplink:
 *
 *     bun test/load/agents.ts --server https://localhost:8000 --server-data DIR --data-dir DIR [options]
 *
 *     --server URL           the server
 *     --server-data DIR      its data directory on this machine, to create join tokens as its admin; or
 *     --token TOKEN          a join token, once per agent that has not joined yet
 *     --data-dir DIR         the agents' own; started on it again, they go on where they were
 *     --agents 100           how many
 *     --series 300           series of each
 *     --interval 1000        milliseconds between two ticks, in the agents' time
 *     --accelerate 1         the agents' time begins --lead in the past and runs so many times faster, until it has
 *     --lead 86400000        caught up with the wall clock (milliseconds; with --accelerate 1 it begins now)
 *     --backlog 0            spool so many ticks first, up to now, then connect and add none
 *     --ledger FILE          append what was spooled and acknowledged (ledger.ts)
 *
 * Prints its status (status.ts) ten times a second, and ends on SIGTERM.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { openLogSink } from "../../src/lib/log_sink.ts";
import { createJoinToken } from "./join.ts";
import { Ledger } from "./ledger.ts";
import { LoadAgent } from "./load_agent.ts";
import { SimulatedTime } from "./simulated_time.ts";
import type { LoadStatus } from "./status.ts";

/** Agents that join at the same time. */
const JOINING = 8;
/** What became due is spooled this often, milliseconds. */
const WAKE_MS = 20;
/** While the agents' time runs fast, several ticks go into one transaction. */
const FAST_WAKE_MS = 100;
const STATUS_MS = 100;
/** Ticks of a backlog that go into one transaction. */
const BACKLOG_STEP = 250;

type Options = ReturnType<typeof readOptions>;

async function main(): Promise<void> {
  const options = readOptions();
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const lead =
    options.backlog > 0 ? options.backlog * options.interval : options.accelerate > 1 ? options.lead : 0;
  const time = SimulatedTime.resume(options.dataDir, options.accelerate, lead);
  const ledger = options.ledger === undefined ? undefined : Ledger.open(options.ledger);
  const agents = await joinAll(options, ledger);
  const status = setInterval(() => console.log(JSON.stringify(statusOf(agents))), STATUS_MS);
  const stop = new Promise((resolve) => process.once("SIGTERM", resolve).once("SIGINT", resolve));
  let ticks: Timer | undefined;
  if (options.backlog > 0) spoolBacklog(agents, time.start, options);
  else ticks = spoolAsTimePasses(agents, time, options.accelerate > 1 ? FAST_WAKE_MS : WAKE_MS);
  for (const agent of agents) agent.connect();
  await stop;
  clearInterval(ticks);
  clearInterval(status);
  for (const agent of agents) agent.close();
  ledger?.close();
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      server: { type: "string" },
      "server-data": { type: "string" },
      token: { type: "string", multiple: true, default: [] },
      "data-dir": { type: "string" },
      agents: { type: "string", default: "100" },
      series: { type: "string", default: "300" },
      interval: { type: "string", default: "1000" },
      accelerate: { type: "string", default: "1" },
      lead: { type: "string", default: "86400000" },
      backlog: { type: "string", default: "0" },
      ledger: { type: "string" },
    },
  });
  const { server, "data-dir": dataDir } = values;
  if (server === undefined || dataDir === undefined) throw new Error("--server and --data-dir are needed");
  return {
    server,
    dataDir,
    serverData: values["server-data"],
    tokens: values.token,
    agents: positive("agents", values.agents),
    series: positive("series", values.series),
    interval: positive("interval", values.interval),
    accelerate: positive("accelerate", values.accelerate),
    lead: positive("lead", values.lead),
    backlog: Number(values.backlog),
    ledger: values.ledger,
  };
}

function positive(flag: string, value: string): number {
  if (!(Number(value) > 0)) throw new Error(`--${flag}: expected a number above 0, got "${value}"`);
  return Number(value);
}

async function joinAll(options: Options, ledger: Ledger | undefined): Promise<LoadAgent[]> {
  const { server, serverData, tokens, dataDir, interval, series } = options;
  const log = createLogger({ level: "warn", format: "text", sink: openLogSink(""), clock: systemClock });
  const createToken = async () => {
    const token = tokens.shift() ?? (serverData && (await createJoinToken(server, serverData)));
    if (!token) throw new Error("Cannot join: give more --token, or --server-data");
    return token;
  };
  const agents: LoadAgent[] = [];
  let next = 0;
  const joinNext = async () => {
    while (next < options.agents) {
      const agent = next++;
      agents[agent] = await LoadAgent.join({
        agent,
        series,
        interval,
        phase: Math.floor((agent * interval) / options.agents),
        server,
        createToken,
        dataDir: join(dataDir, String(agent)),
        ledger,
        log: log.with({ agent }),
      });
    }
  };
  await Promise.all(Array.from({ length: JOINING }, joinNext));
  return agents;
}

function spoolBacklog(agents: readonly LoadAgent[], start: number, { backlog, interval }: Options): void {
  for (const agent of agents)
    for (let tick = 0; tick < backlog; tick += BACKLOG_STEP)
      agent.spoolTicks(start + tick * interval, start + Math.min(backlog, tick + BACKLOG_STEP) * interval);
}

function spoolAsTimePasses(agents: readonly LoadAgent[], time: SimulatedTime, wakeMs: number): Timer {
  let last = time.now();
  return setInterval(() => {
    const now = time.now();
    for (const agent of agents) agent.spoolTicks(last, now);
    last = now;
  }, wakeMs);
}

function statusOf(agents: readonly LoadAgent[]): LoadStatus {
  const sum = (of: (agent: LoadAgent) => number) => agents.reduce((total, agent) => total + of(agent), 0);
  return {
    connected: sum((agent) => (agent.connected ? 1 : 0)),
    spooled: sum((agent) => agent.spooled),
    acknowledged: sum((agent) => agent.acknowledged),
  };
}

if (import.meta.main) await main();

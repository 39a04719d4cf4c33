/**
 * Server and agents killed with -9 under load, again and again; then a ledger that no kill could touch decides whether
 * everything acknowledged is there, once, with the right values.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free_port.ts";
import { type Ledger, readLedger } from "./ledger.ts";
import { LoadedAgents } from "./loaded_agents.ts";
import { type Physical, physicalCount } from "./physical_count.ts";
import { PHASES, type Phase, TracedServer } from "./traced_server.ts";
import { verifyAgent } from "./verify.ts";

export interface KillPlan {
  readonly agents: number;
  readonly series: number;
  /** Kills of server and agents together, at least. */
  readonly kills: number;
  /** Kills of the server that must hit each of commit, seal and retention. */
  readonly perPhase: number;
  /** Kills of the process that holds all agents. */
  readonly agentKills: number;
}

export interface KillReport {
  readonly serverKills: number;
  readonly agentKills: number;
  /** Kills of the server by what its writer was doing; one kill can hit two phases. */
  readonly hits: Readonly<Record<Phase, number>>;
  readonly framesSpooled: number;
  /** Every one of them was looked for while it had not expired; many more than once. */
  readonly framesAcknowledged: number;
  readonly samplesCompared: number;
  /** Frames that are there although the ledger has no line: not acknowledged yet, or the agent died in between. */
  readonly framesBeyondLedger: number;
  readonly physical: Physical;
}

/** The agents' time runs 300 times faster than the wall clock: a bucket of 30 minutes takes them 6 s. */
const SPEED = 300;
const INTERVAL_MS = 300_000;
const LEAD_MS = 25 * 86_400_000;
/** Of the agents' time, so much is kept: each start of the server lets the rest expire. */
const KEPT_MS = 3 * 3_600_000;
const WARM_UP_MS = 1000 * (KEPT_MS / INTERVAL_MS + 12);
/** Blows that miss their phase are repeated, but not for ever. */
const BLOWS_PER_HIT = 4;
const DAY_MS = 86_400_000;
/** Rounds of kills between two looks at what is kept: more often than anything expires. */
const ROUNDS_PER_LOOK = 4;
/** Retention goes on by the wall clock while a server runs. */
const RETENTION_MARGIN_MS = 60_000;

/** @param tell receives a line of progress now and then */
export async function killSoak(plan: KillPlan, tell: (line: string) => void): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), "dcmon-kill-"));
  const run = new KillRun(plan, folder, tell);
  try {
    const report = await run.run();
    rmSync(folder, { recursive: true });
    return report;
  } catch (error) {
    throw new Error(`${(error as Error).message} (evidence: ${folder})`, { cause: error });
  } finally {
    await run.end();
  }
}

class KillRun {
  readonly #server: TracedServer;
  readonly #agents: LoadedAgents;
  readonly #ledgerPath: string;
  readonly #hits: Record<Phase, number> = { commit: 0, seal: 0, retention: 0 };
  #serverKills = 0;
  #agentKills = 0;
  /** What is older than this, in ms of the agents' time, may have expired. */
  #cutoff = 0;
  #samplesCompared = 0;
  #framesBeyondLedger = 0;
  readonly #looked = new Map<number, Set<number>>();

  constructor(
    private readonly plan: KillPlan,
    folder: string,
    private readonly tell: (line: string) => void,
  ) {
    const serverData = join(folder, "server");
    const agentsData = join(folder, "agents");
    mkdirSync(agentsData);
    this.#ledgerPath = join(folder, "ledger");
    this.#server = new TracedServer(serverData, freePort());
    this.#agents = new LoadedAgents({
      server: this.#server.url,
      serverData,
      dataDir: agentsData,
      ledger: this.#ledgerPath,
      agents: plan.agents,
      series: plan.series,
      interval: INTERVAL_MS,
      speed: SPEED,
      lead: LEAD_MS,
    });
  }

  async run(): Promise<KillReport> {
    await this.#server.start(30);
    this.#agents.start();
    await this.#agents.connected();
    this.tell(`${this.plan.agents} agents × ${this.plan.series} series connected; warming up`);
    await Bun.sleep(WARM_UP_MS);
    await this.#look();
    await this.#killEverything();
    return this.#settle();
  }

  /** Leaves no process behind, whatever happened. */
  async end(): Promise<void> {
    await this.#agents.end();
    await this.#server.end();
  }

  async #killEverything(): Promise<void> {
    const { kills, perPhase, agentKills } = this.plan;
    const mostBlows = BLOWS_PER_HIT * PHASES.length * perPhase;
    for (let round = 0; ; round++) {
      const due = PHASES.filter((phase) => this.#hits[phase] < perPhase);
      const enough = this.#agentKills >= agentKills && this.#serverKills + this.#agentKills >= kills;
      if (due.length === 0 && enough) return;
      if (this.#serverKills >= mostBlows)
        throw new Error(
          `${this.#serverKills} kills hit ${JSON.stringify(this.#hits)}, wanted ${perPhase} each`,
        );
      if (due.length === 0 || this.#agentKills * PHASES.length * perPhase < this.#serverKills * agentKills)
        await this.#killAgents();
      if (due.length > 0) await this.#killServer(due[round % due.length]!);
      if (round % ROUNDS_PER_LOOK === ROUNDS_PER_LOOK - 1) await this.#look();
      if (round % 10 === 9)
        this.tell(
          `${this.#serverKills} kills of the server, hits ${JSON.stringify(this.#hits)}, ${this.#agentKills} of the agents`,
        );
    }
  }

  async #killAgents(): Promise<void> {
    await Bun.sleep(1500 * Math.random());
    await this.#agents.kill();
    this.#agentKills++;
    this.#agents.start();
  }

  /** Kills while `phase` is going on, then starts the server with a retention that lets more data expire. */
  async #killServer(phase: Phase): Promise<void> {
    // Retention begins a second after a start, the others by themselves.
    if (phase === "retention") await this.#server.stop();
    else await Bun.sleep(1500 * Math.random());
    const begun = this.#server.phaseBegins(phase);
    if (phase === "retention") await this.#server.start(this.#metricsDays());
    await within(30_000, begun, `no ${phase} began`);
    if (Math.random() < 0.5) await Bun.sleep(5 * Math.random());
    const open = await this.#server.kill();
    this.#serverKills++;
    for (const hit of open) this.#hits[hit]++;
    await this.#server.start(this.#metricsDays());
  }

  #metricsDays(): number {
    const kept = this.#agents.now() - KEPT_MS;
    this.#cutoff = kept + RETENTION_MARGIN_MS;
    return (Date.now() - kept) / DAY_MS;
  }

  /** Compares what the ledger says is acknowledged, and has not expired, with what the server answers. */
  async #look(): Promise<Ledger> {
    const ledger = readLedger(this.#ledgerPath);
    for (let agent = 0; agent < this.plan.agents; agent++) {
      const acknowledged = [...(ledger.acknowledged.get(agent) ?? [])];
      const expected = acknowledged.filter((timestamp) => timestamp > this.#cutoff);
      if (expected.length === 0) throw new Error(`Agent ${agent} has no acknowledged frame to look for`);
      const part = await verifyAgent(this.#server, agent, this.plan.series, expected, this.#cutoff);
      this.#samplesCompared += part.samples;
      this.#framesBeyondLedger += part.framesBeyondLedger;
      const looked = this.#looked.get(agent) ?? new Set();
      this.#looked.set(agent, looked);
      for (const timestamp of expected) looked.add(timestamp);
    }
    return ledger;
  }

  /** Lets the agents deliver what they hold, then compares ledger, answers and database. */
  async #settle(): Promise<KillReport> {
    this.tell("letting the spools drain");
    await this.#agents.delivered();
    await this.#agents.stop();
    const ledger = await this.#look();
    const never = frames(ledger.acknowledged) - frames(this.#looked);
    if (never > 0) throw new Error(`${never} acknowledged frames expired before they were looked for`);
    await this.#server.stop();
    const physical = physicalCount(this.#server.dataDir);
    return {
      serverKills: this.#serverKills,
      agentKills: this.#agentKills,
      hits: this.#hits,
      framesSpooled: frames(ledger.spooled),
      framesAcknowledged: frames(ledger.acknowledged),
      samplesCompared: this.#samplesCompared,
      framesBeyondLedger: this.#framesBeyondLedger,
      physical,
    };
  }
}

function frames(byAgent: Ledger["spooled"]): number {
  return [...byAgent.values()].reduce((sum, timestamps) => sum + timestamps.size, 0);
}

async function within(ms: number, promise: Promise<void>, otherwise: string): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${ms / 1000} s`)), ms);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

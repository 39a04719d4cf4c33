import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { LoadStatus } from "../load/status.ts";

const MAIN = join(import.meta.dir, "../load/agents.ts");
const TIME = z.object({ wallStart: z.number(), simulatedStart: z.number(), speed: z.number() });
const PATIENCE_MS = 120_000;
/** Frames that may be on their way: what an agent spools between two looks. */
const NEARLY_DELIVERED = 3;

export interface LoadedAgentsOptions {
  /** `https://host:port` */
  readonly server: string;
  readonly serverData: string;
  readonly dataDir: string;
  readonly ledger: string;
  readonly agents: number;
  readonly series: number;
  /** Milliseconds of the agents' time between two frames. */
  readonly interval: number;
  /** How many times faster than the wall clock the agents' time runs, and how far back it begins, in ms. */
  readonly speed: number;
  readonly lead: number;
}

/** Many agents in one process (test/load/agents.ts), killed and started again on their spools. */
export class LoadedAgents {
  #child: Bun.Subprocess<"ignore", "pipe", number> | undefined;
  #status: LoadStatus = { connected: 0, spooled: 0, acknowledged: 0 };

  /** What the agents complain of while their server is dead: for a person who looks for the cause of a failure. */
  readonly #log: number;

  constructor(private readonly options: LoadedAgentsOptions) {
    this.#log = openSync(join(options.dataDir, "agents.log"), "a");
  }

  start(): void {
    const { server, serverData, dataDir, ledger, agents, series, interval, speed, lead } = this.options;
    const flags = {
      server,
      "server-data": serverData,
      "data-dir": dataDir,
      ledger,
      agents,
      series,
      interval,
      accelerate: speed,
      lead,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    this.#status = { connected: 0, spooled: 0, acknowledged: 0 };
    const child = Bun.spawn([process.execPath, MAIN, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: this.#log,
    });
    this.#child = child;
    void this.#follow(child);
  }

  /** The agents' time, ms since the epoch. */
  now(): number {
    const time = TIME.parse(JSON.parse(readFileSync(join(this.options.dataDir, "time.json"), "utf8")));
    return time.simulatedStart + (Date.now() - time.wallStart) * time.speed;
  }

  /** Resolves when every agent's connection stands. */
  async connected(): Promise<void> {
    await this.#until("all connected", () => this.#status.connected === this.options.agents);
  }

  /** Resolves when what was spooled in this process is acknowledged but for the last ticks. */
  async delivered(): Promise<void> {
    await this.connected();
    await this.#until(
      "all delivered",
      () => this.#status.spooled - this.#status.acknowledged <= NEARLY_DELIVERED * this.options.agents,
    );
  }

  async kill(): Promise<void> {
    await this.#stopWith("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#stopWith("SIGTERM");
  }

  async end(): Promise<void> {
    if (this.#child !== undefined) await this.kill();
    closeSync(this.#log);
  }

  async #stopWith(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) throw new Error("The agents are not running.");
    this.#child = undefined;
    child.kill(signal);
    await child.exited;
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (this.#child === undefined || this.#child.exitCode !== null)
        throw new Error("The simulated agents have ended.");
      if (performance.now() > deadline)
        throw new Error(`Not ${what} within ${PATIENCE_MS / 1000} s: ${JSON.stringify(this.#status)}`);
      await Bun.sleep(50);
    }
  }

  async #follow(child: Bun.Subprocess<"ignore", "pipe", number>): Promise<void> {
    let rest = "";
    for await (const bytes of child.stdout) {
      const lines = (rest + Buffer.from(bytes).toString()).split("\n");
      rest = lines.pop()!;
      const last = lines.at(-1);
      if (last !== undefined && this.#child === child) this.#status = JSON.parse(last) as LoadStatus;
    }
  }
}

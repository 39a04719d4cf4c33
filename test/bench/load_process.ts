import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadStatus } from "../load/status.ts";
import type { ServerProcess } from "./server_process.ts";

const MAIN = join(import.meta.dir, "../load/agents.ts");

interface LoadOptions {
  agents: number;
  series: number;
  /** Milliseconds between two ticks. */
  interval: number;
  /** Ticks spooled before connecting; then none follow. */
  backlog?: number;
}

/** Simulated agents in a process of their own, so that the server's CPU time is its own. */
export class LoadProcess {
  status: LoadStatus = { connected: 0, spooled: 0, acknowledged: 0 };
  private readonly ended: Promise<void>;

  private constructor(
    private readonly child: Bun.Subprocess<"ignore", "pipe", "inherit">,
    private readonly dataDir: string,
  ) {
    this.ended = this.readStatus();
  }

  static async start(server: ServerProcess, options: LoadOptions): Promise<LoadProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), "dcmon-load-"));
    const flags = {
      server: server.url,
      "server-data": server.dataDir,
      "data-dir": dataDir,
      ...options,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    const child = Bun.spawn([process.execPath, MAIN, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    return new LoadProcess(child, dataDir);
  }

  /** @throws Error when the process ends before. */
  async until(reached: (status: LoadStatus) => boolean): Promise<void> {
    while (!reached(this.status)) {
      if (this.child.exitCode !== null)
        throw new Error(`Cannot go on: the simulated agents ended with ${this.child.exitCode}`);
      await Bun.sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.ended;
    await rm(this.dataDir, { recursive: true });
  }

  private async readStatus(): Promise<void> {
    let rest = "";
    for await (const chunk of this.child.stdout) {
      const lines = (rest + Buffer.from(chunk).toString()).split("\n");
      rest = lines.pop()!;
      const last = lines.at(-1);
      if (last !== undefined) this.status = JSON.parse(last) as LoadStatus;
    }
  }
}

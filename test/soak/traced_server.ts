import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifiedTls } from "../../src/pki/verified_tls.ts";

const BINARY = join(import.meta.dir, "../../dist/dcmon");

export const PHASES = ["commit", "seal", "retention"] as const;
export type Phase = (typeof PHASES)[number];

interface Traced {
  readonly child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  /** What the writer was doing, as far as its trace had told when it died. */
  readonly open: Set<Phase>;
  readonly drained: Promise<void>;
}

/** `dist/dcmon server` on one data directory and one port, killed and started again, its writer's phases watched. */
export class TracedServer {
  readonly url: string;
  #running: Traced | undefined;
  #watched: { phase: Phase; begun: () => void } | undefined;
  /** The last lines of every start, to explain a failure. */
  readonly recentLines: string[] = [];

  constructor(
    readonly dataDir: string,
    readonly port: number,
  ) {
    this.url = `https://127.0.0.1:${port}`;
  }

  /** Resolves when the server answers. @param metricsDays its retention from now on */
  async start(metricsDays: number): Promise<void> {
    const config = `${this.dataDir}.yaml`;
    writeFileSync(config, `server:\n  metrics_days: ${metricsDays}\n`);
    const flags = ["--config", config, "--data-dir", this.dataDir, "--listen", `127.0.0.1:${this.port}`];
    const child = Bun.spawn([BINARY, "server", ...flags, "--trace-phases"], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const open = new Set<Phase>();
    this.#running = { child, open, drained: this.#follow(child.stderr, open) };
    const deadline = performance.now() + 60_000;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > deadline)
        throw new Error(`The server did not start:\n${this.recentLines.join("\n")}`);
      await Bun.sleep(50);
    }
  }

  /** Resolves when the writer begins `phase`. */
  phaseBegins(phase: Phase): Promise<void> {
    return new Promise((begun) => {
      this.#watched = { phase, begun };
    });
  }

  /** `kill -9`. @returns the phases that had begun and not ended. */
  async kill(): Promise<ReadonlySet<Phase>> {
    return this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Leaves no process behind, whatever happened. */
  async end(): Promise<void> {
    if (this.#running !== undefined) await this.kill();
  }

  async #end(signal: NodeJS.Signals): Promise<ReadonlySet<Phase>> {
    const running = this.#running;
    if (running === undefined) throw new Error("The server is not running.");
    this.#running = undefined;
    this.#watched = undefined;
    running.child.kill(signal);
    await running.child.exited;
    await running.drained;
    return running.open;
  }

  /** The `data` member of the answer to an API call. */
  async get(path: string, parameters: Record<string, string>): Promise<unknown> {
    const response = await fetch(`${this.url}${path}?${new URLSearchParams(parameters)}`, {
      headers: { authorization: `Bearer ${this.#read("admin_token").trim()}` },
      tls: verifiedTls(this.#read("pki/ca.pem")),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { data: unknown }).data;
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/health`, { tls: verifiedTls(this.#read("pki/ca.pem")) });
      return response.ok;
    } catch {
      // Not there yet; the caller's deadline decides.
      return false;
    }
  }

  async #follow(stderr: ReadableStream<Uint8Array>, open: Set<Phase>): Promise<void> {
    let rest = "";
    for await (const bytes of stderr) {
      const lines = (rest + Buffer.from(bytes).toString()).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#note(line, open);
    }
  }

  #note(line: string, open: Set<Phase>): void {
    const traced = /^(commit|seal|retention) (begin|end)$/.exec(line);
    if (traced === null) {
      this.recentLines.push(line);
      if (this.recentLines.length > 40) this.recentLines.shift();
      return;
    }
    const phase = traced[1] as Phase;
    if (traced[2] === "end") {
      open.delete(phase);
      return;
    }
    open.add(phase);
    if (this.#watched?.phase !== phase) return;
    this.#watched.begun();
    this.#watched = undefined;
  }

  #read(name: string): string {
    return readFileSync(join(this.dataDir, name), "utf8");
  }
}

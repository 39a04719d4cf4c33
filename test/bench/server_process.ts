import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifiedTls } from "../../src/pki/verified_tls.ts";
import { type Usage, usageOf } from "./process_meter.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

/** A real `dcmon server` on a free port, with a data directory of its own. */
export class ServerProcess {
  private constructor(
    readonly url: string,
    readonly dataDir: string,
    private readonly child: Bun.Subprocess<"ignore", "pipe", "inherit">,
  ) {}

  static async start(): Promise<ServerProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), "dcmon-bench-"));
    const flags = ["--data-dir", dataDir, "--listen", "127.0.0.1:0", "--log-level", "warn"];
    const child = Bun.spawn([process.execPath, MAIN, "server", ...flags], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    for await (const chunk of child.stdout) {
      const url = /dcmon is at (\S+)/.exec(Buffer.from(chunk).toString())?.[1];
      if (url !== undefined) return new ServerProcess(url, dataDir, child);
    }
    await rm(dataDir, { recursive: true });
    throw new Error(`Cannot start the server: it ended with ${await child.exited}`);
  }

  usage(): Usage {
    return usageOf(this.child.pid);
  }

  /** The value of an instant query that gives one series, or NaN. */
  async query(promql: string): Promise<number> {
    const [token, ca] = await Promise.all([
      readFile(join(this.dataDir, "admin_token"), "utf8"),
      readFile(join(this.dataDir, "pki/ca.pem"), "utf8"),
    ]);
    const response = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(promql)}`, {
      headers: { authorization: `Bearer ${token.trim()}` },
      tls: verifiedTls(ca),
    });
    const answer = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(answer.data.result[0]?.value[1]);
  }

  /** Lets the server end as on a shutdown; its data stays. */
  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.child.exited;
  }

  async removeData(): Promise<void> {
    await rm(this.dataDir, { recursive: true });
  }
}

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createJoinToken } from "../load/join.ts";
import { usageOf } from "./process_meter.ts";
import { ServerProcess } from "./server_process.ts";
import { printTable } from "./table.ts";

const AGENT = join(import.meta.dir, "../../dist/dcmon");
const NODE_EXPORTER = "/usr/bin/prometheus-node-exporter";
const NODE_EXPORTER_ADDRESS = "127.0.0.1:29100";
/** What the agent's os exporter does by default, and how often node_exporter is scraped beside it. */
const INTERVAL_MS = 5000;
/** Joining, the first look for package updates: not part of what goes on all day. */
const SETTLE_MS = 60_000;

/**
 * What `dist/dcmon agent` costs a node at its defaults, connected to a server, beside Debian's node_exporter that is
 * scraped as often: CPU from /proc/<pid>/stat, memory as the largest of readings every 5 s.
 */
export async function benchAgent(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { seconds: { type: "string", default: "600" } } });
  const seconds = Number(values.seconds);
  const server = await ServerProcess.start();
  const dataDir = await mkdtemp(join(tmpdir(), "dcmon-bench-agent-"));
  const token = await createJoinToken(server.url, server.dataDir);
  const environment = { PATH: process.env.PATH, DCMON_AGENT_TOKEN: token };
  const quiet = { stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
  const flags = ["--server", server.url, "--data-dir", dataDir];
  const agent = Bun.spawn([AGENT, "agent", ...flags], { ...quiet, env: environment });
  const exporter = Bun.spawn([NODE_EXPORTER, `--web.listen-address=${NODE_EXPORTER_ADDRESS}`], quiet);
  try {
    await Bun.sleep(SETTLE_MS);
    const measured = [new Measured("dcmon agent", agent.pid), new Measured("node_exporter", exporter.pid)];
    const end = performance.now() + 1000 * seconds;
    while (performance.now() < end) {
      const [response] = await Promise.all([
        fetch(`http://${NODE_EXPORTER_ADDRESS}/metrics`),
        Bun.sleep(INTERVAL_MS),
      ]);
      await response.text();
      for (const each of measured) each.look();
    }
    const series = await server.query('count({job="node",__name__!="up"})');
    console.log(`\n${seconds} s at ${INTERVAL_MS / 1000} s, ${series} series`);
    printTable(
      ["", "CPU of a core", "of its children", "resident, largest", "anonymous, largest"],
      measured.map((each) => each.row(seconds)),
    );
  } finally {
    for (const child of [agent, exporter]) child.kill("SIGTERM");
    await Promise.all([agent.exited, exporter.exited]);
    await server.stop();
    await server.removeData();
    await rm(dataDir, { recursive: true });
  }
}

class Measured {
  readonly #cpu: number;
  readonly #children: number;
  #resident = 0;
  #anonymous = 0;

  constructor(
    private readonly name: string,
    private readonly pid: number,
  ) {
    this.#cpu = usageOf(pid).cpu;
    this.#children = usageOf(pid).childrenCpu;
  }

  look(): void {
    this.#resident = Math.max(this.#resident, usageOf(this.pid).resident);
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    this.#anonymous = Math.max(this.#anonymous, 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]));
  }

  row(seconds: number): string[] {
    const { cpu, childrenCpu } = usageOf(this.pid);
    const share = (used: number) => `${((100 * used) / seconds).toFixed(3)} %`;
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
    return [
      this.name,
      share(cpu - this.#cpu),
      share(childrenCpu - this.#children),
      megabytes(this.#resident),
      megabytes(this.#anonymous),
    ];
  }
}

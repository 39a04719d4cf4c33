import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { type Host, Network } from "./network.ts";

const BINARY = join(import.meta.dir, "../../dist/dcmon");
const PORT = 8000;
/** The os exporter's interval in seconds, and how many ticks the server cannot be reached. */
const INTERVAL = 1;
const OUTAGE_TICKS = 100;

let network: Network;
let folder: ReturnType<typeof temporaryFolder>;
const processes: Bun.Subprocess[] = [];

beforeAll(() => {
  network = new Network(["server", "a", "b"]);
  folder = temporaryFolder();
});

afterAll(async () => {
  for (const process of processes) process.kill("SIGKILL");
  await Promise.all(processes.map((process) => process.exited));
  network[Symbol.dispose]();
  folder[Symbol.dispose]();
});

test(`an outage of ${OUTAGE_TICKS} ticks leaves no gap in any os series of either node`, async () => {
  const [server, ...nodes] = network.hosts as [Host, Host, Host];
  const data = join(folder.path, "server");
  processes.push(
    server.spawn([
      BINARY,
      "server",
      "--data-dir",
      data,
      "--listen",
      `0.0.0.0:${PORT}`,
      "--log-level",
      "warn",
    ]),
  );
  await until(() => existsSync(join(data, "admin_token")), "the server");
  for (const node of nodes) await startAgent(server, node, data);
  const query = async (promql: string) =>
    (await ask(server, data, promql)).map(({ value }) => ({ value: Number(value![1]) }));

  const reported = async () => (await query("count_over_time(node_load1[1h]) >= 10")).length === nodes.length;
  await until(reported, "ten ticks of both nodes", 60_000);
  server.pullUplink();
  const pulled = Date.now() / 1000;
  await Bun.sleep(OUTAGE_TICKS * INTERVAL * 1000);
  for (const { value } of await query("timestamp(node_load1)")) expect(value).toBeLessThan(pulled + 1);
  server.plugUplink();
  const plugged = Date.now() / 1000;
  // Backoff is at most a minute; then the spool is drained in order.
  const reportAgain = async () => {
    const times = await query("timestamp(node_load1)");
    return times.length === nodes.length && times.every(({ value }) => value > plugged + 5);
  };
  await until(reportAgain, "new data of both nodes", 90_000);

  const end = Math.min(...(await query("timestamp(node_load1)")).map(({ value }) => value));
  const ticks = OUTAGE_TICKS + 10;
  for (const node of nodes) {
    const selector = `{instance="${node.name}",__name__=~"(node|apt)_.+"}[${ticks * INTERVAL}s] @ ${end}`;
    const series = await ask(server, data, selector);
    expect(series.length).toBeGreaterThan(200);
    const gaps = series.filter(({ values }) => values!.length !== ticks);
    expect(gaps.map(({ metric, values }) => ({ metric, ticks: values!.length }))).toEqual([]);
  }
}, 300_000);

async function startAgent(server: Host, node: Host, serverData: string): Promise<void> {
  const created = await server.run([
    BINARY,
    "token",
    "create",
    "--data-dir",
    serverData,
    "--listen",
    `127.0.0.1:${PORT}`,
  ]);
  const token = /dcmon1\.\S+/.exec(created)?.[0];
  if (token === undefined) throw new Error(`no token in: ${created}`);
  processes.push(
    node.spawn(
      [
        BINARY,
        "agent",
        "--server",
        `https://${server.address}:${PORT}`,
        "--name",
        node.name,
        "--data-dir",
        join(folder.path, node.name),
      ],
      {
        DCMON_AGENT_TOKEN: token,
        DCMON_AGENT_EXPORTERS_OS_INTERVAL: String(INTERVAL),
      },
    ),
  );
}

/** One element of a vector (`value`) or of a matrix (`values`). */
interface Series {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
}

/** An instant query, asked on the server's host with curl. */
async function ask(server: Host, data: string, promql: string): Promise<Series[]> {
  const token = readFileSync(join(data, "admin_token"), "utf8").trim();
  const answer = await server.run([
    "/usr/bin/curl",
    "-sS",
    "--cacert",
    join(data, "pki/ca.pem"),
    "-H",
    `Authorization: Bearer ${token}`,
    "--data-urlencode",
    `query=${promql}`,
    `https://127.0.0.1:${PORT}/api/v1/query`,
  ]);
  const parsed = JSON.parse(answer) as { status: string; data: { result: Series[] } };
  if (parsed.status !== "success") throw new Error(`${promql}: ${answer}`);
  return parsed.data.result;
}

import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const BINARY = join(import.meta.dir, "../../dist/dcmon");

interface Running {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly url: string;
}

let temporary: ReturnType<typeof temporaryFolder>;
let folder: string;
let started: Bun.Subprocess[];

beforeEach(() => {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist. Build it with "npm run build".`);
  temporary = temporaryFolder();
  folder = temporary.path;
  started = [];
});

afterEach(async () => {
  for (const process of started) process.kill("SIGKILL");
  await Promise.all(started.map((process) => process.exited));
  temporary[Symbol.dispose]();
});

/** `dcmon all` on a free port, once it has printed its start line. */
async function startAll(env: Record<string, string> = {}): Promise<Running> {
  const child = Bun.spawn([BINARY, "all", "--data-dir", folder, "--listen", "127.0.0.1:0"], {
    env: { PATH: "/usr/bin:/bin", DCMON_AGENT_EXPORTERS_OS_INTERVAL: "1", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  started.push(child);
  let line = "";
  for await (const chunk of child.stdout) {
    line += new TextDecoder().decode(chunk);
    if (line.includes("\n")) break;
  }
  expect(line).toMatch(/^dcmon is at https:\/\/localhost:\d+ {2}\(admin token: .*admin_token\)\n$/);
  return { process: child, url: line.split(" ")[3] ?? "" };
}

async function ask(url: string, path: string): Promise<unknown> {
  const token = readFileSync(join(folder, "admin_token"), "utf8").trim();
  const ca = readFileSync(join(folder, "pki/ca.pem"), "utf8");
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { ca, rejectUnauthorized: true },
  });
  expect(response.status).toBe(200);
  return response.json();
}

function childrenOf(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["/usr/bin/ps", "-o", "pid=", "--ppid", String(pid)]);
  return stdout
    .toString()
    .split("\n")
    .map(Number)
    .filter((child) => child > 0);
}

/** The agent's pid, once there is one other than `previous` and it runs dcmon: a fork still is its parent's image. */
function agentOf(running: Running, previous?: number): Promise<number> {
  return until(
    () =>
      childrenOf(running.process.pid).find((pid) => pid !== previous && commandOf(pid).includes("\0agent\0")),
    "an agent",
  );
}

function commandOf(pid: number): string {
  return existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}/exe`);
const gone = (pid: number) => until(() => !isAlive(pid), `the end of process ${pid}`);

test("dcmon all says where it is and monitors its own machine", async () => {
  const begun = performance.now();
  const { url } = await startAll();
  expect(performance.now() - begun).toBeLessThan(5000);
  const sample = await until(async () => {
    const answer = (await ask(url, "/api/v1/query?query=node_load1")) as { data: { result: unknown[] } };
    return answer.data.result[0];
  }, "sample");
  expect(sample).toMatchObject({ metric: { __name__: "node_load1", job: "node" } });
});

test("token create prints the command that enrols a second node", async () => {
  const { url } = await startAll();
  const made = Bun.spawnSync([BINARY, "token", "create", "--data-dir", folder, "--url", url], { env: {} });
  expect(made.stderr.toString()).toContain("It works once.");
  const [program, ...args] = made.stdout.toString().trim().split(" ");
  expect([program, ...args.slice(0, 4)]).toEqual(["./dcmon", "agent", "--server", url, "--token"]);
  const second = Bun.spawn([BINARY, ...args, "--name", "second", "--data-dir", join(folder, "second")], {
    env: {},
    stdio: ["ignore", "ignore", "ignore"],
  });
  started.push(second);
  await until(async () => {
    const { clients } = (await ask(url, "/api/clients")) as { clients: { name: string }[] };
    return clients.find(({ name }) => name === "second");
  }, "second client");
});

test("the agent inherits neither the runtime's variables nor anything else that is not its own", async () => {
  const running = await startAll({ NODE_TLS_REJECT_UNAUTHORIZED: "0", SECRET: "sesame" });
  const environment = readFileSync(`/proc/${await agentOf(running)}/environ`, "utf8").split("\0");
  const names = environment.map((entry) => entry.split("=")[0] ?? "").filter((name) => name !== "");
  expect(names.filter((name) => !/^(?:PATH|DCMON_AGENT_\w+|BUN_JSC_\w+)$/.test(name))).toEqual([]);
  expect(environment).toContain("DCMON_AGENT_EXPORTERS_OS_INTERVAL=1");
});

test("an agent that dies is started again, with its identity and without a new token", async () => {
  const running = await startAll();
  const first = await agentOf(running);
  await until(async () => {
    const { clients } = (await ask(running.url, "/api/clients")) as { clients: { last_seen: unknown }[] };
    return clients[0]?.last_seen ?? undefined;
  }, "data");
  process.kill(first, "SIGKILL");
  const second = await agentOf(running, first);
  expect(readFileSync(`/proc/${second}/environ`, "utf8")).toContain("DCMON_AGENT_TOKEN=\0");
  const { clients } = (await ask(running.url, "/api/clients")) as { clients: unknown[] };
  expect(clients).toHaveLength(1);
});

test("SIGTERM ends server and agent in order, with 0", async () => {
  const running = await startAll();
  const agent = await agentOf(running);
  running.process.kill("SIGTERM");
  expect(await running.process.exited).toBe(0);
  expect(isAlive(agent)).toBe(false);
});

test("kill -9 of the parent ends the agent too", async () => {
  const running = await startAll();
  const agent = await agentOf(running);
  running.process.kill("SIGKILL");
  await running.process.exited;
  await gone(agent);
});

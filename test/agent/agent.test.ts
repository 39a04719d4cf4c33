import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runAgent } from "../../src/agent/agent.ts";
import { Backoff } from "../../src/agent/uplink/backoff.ts";
import { loadConfig } from "../../src/config.ts";
import { RunningHub } from "../server/running_hub.ts";
import { recordingLogger } from "../support/recording_logger.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

/** A node's agent that reads this machine every half second. */
function nodeConfig(dataDir: string, server: string, token: string) {
  const { agent } = loadConfig({ env: {}, flags: [] });
  const os = { enabled: true, interval: 0.5, timeout: 0.4 };
  return {
    ...agent,
    server,
    token,
    name: "gpu-1",
    labels: { rack: "r7" },
    data_dir: dataDir,
    exporters: { os },
  };
}

async function value(hub: RunningHub, query: string): Promise<number> {
  const answer = await hub.store.query(query, { kind: "instant", time: Date.now() });
  if (!answer.ok) throw new Error(answer.error.message);
  return Number(JSON.parse(new TextDecoder().decode(answer.json)).result[0]?.value[1] ?? 0);
}

async function valueReaches(hub: RunningHub, query: string, wanted: number): Promise<void> {
  await until(async () => (await value(hub, query)) >= wanted, `${query} ≥ ${wanted}`);
}

test("an agent joins, reads this machine, delivers, stops, and goes on after a restart without its token", async () => {
  using folder = temporaryFolder();
  const hub = await RunningHub.start();
  try {
    const first = new AbortController();
    const running = runAgent(
      nodeConfig(folder.path, hub.origin, await hub.token()),
      recordingLogger().log,
      first.signal,
    );
    const ticks = 'count_over_time(node_load1{job="node",instance="gpu-1",rack="r7"}[1h])';
    await valueReaches(hub, ticks, 3);
    expect(await value(hub, 'node_memory_MemTotal_bytes{instance="gpu-1"}')).toBeGreaterThan(2 ** 27);
    first.abort();
    await running;

    const second = new AbortController();
    const { log, lines } = recordingLogger();
    const again = runAgent(nodeConfig(folder.path, "", ""), log, second.signal);
    await valueReaches(hub, ticks, (await value(hub, ticks)) + 3);
    second.abort();
    await again;
    expect(lines.filter((line) => !line.startsWith("info"))).toEqual([]);
  } finally {
    await hub.stop();
  }
}, 30_000);

test("an agent that cannot reach its server to join tries again, says so once, and stops when told", async () => {
  using folder = temporaryFolder();
  const token = `dcmon1.${"0".repeat(16)}.${"A".repeat(43)}.${"A".repeat(43)}`;
  const { log, lines } = recordingLogger();
  const stop = new AbortController();
  let attempts = 0;
  // Three waits of no length, then one of minutes, in which it is told to stop.
  const backoff = new Backoff(() => (++attempts < 4 ? 0 : 60));
  const running = runAgent(nodeConfig(folder.path, "https://127.0.0.1:1", token), log, stop.signal, backoff);
  await until(() => attempts === 4);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("no answer from https://127.0.0.1:1");
  const since = Date.now();
  stop.abort();
  await running;
  expect(Date.now() - since).toBeLessThan(5000);
});

test("a token that is refused ends the agent with the server's sentence", async () => {
  using folder = temporaryFolder();
  const hub = await RunningHub.start();
  try {
    const token = await hub.token({ expiresInMs: -60_000 });
    const running = runAgent(
      nodeConfig(folder.path, hub.origin, token),
      recordingLogger().log,
      new AbortController().signal,
    );
    const error: unknown = await running.catch((reason: unknown) => reason);
    expect(String(error)).toContain("the token has expired. Create a new one");
    expect(existsSync(join(folder.path, "identity", "client.json"))).toBe(false);
  } finally {
    await hub.stop();
  }
});

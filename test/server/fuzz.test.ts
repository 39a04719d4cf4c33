import { afterAll, expect, test } from "bun:test";
import { labelsOf } from "../../src/metrics/labels.ts";
import { randomNonce } from "../../src/pki/proof.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { type Layout, layoutHash } from "../../src/wire/layout.ts";
import { encodeMessage } from "../../src/wire/messages.ts";
import { encodeValues } from "../../src/wire/values.ts";
import { newEpoch, RawAgent } from "./raw_agent.ts";
import { RunningHub } from "./running_hub.ts";

const MESSAGES = 10_000;
const SEED = 20261121;
/** What is still referred to: less than 2 KiB for each message, exact whatever the machine does beside. */
const MAX_HEAP_GROWTH_BYTES = 16 * 1024 * 1024;
/** Native memory too. Freed pages go back to the kernel late on a busy machine, so the growth may settle. */
const MAX_RESIDENT_GROWTH_BYTES = 48 * 1024 * 1024;
const SETTLING_MS = 20_000;

/** Most messages end their connection: the node comes again thousands of times. */
const ours = await RunningHub.start({ clientLimits: { connectRate: { burst: 1e6, perMinute: 1e6 } } });
const node = await ours.join("gpu-01");
const plain = ours.listenPlain();
afterAll(async () => {
  await plain.stop();
  await ours.stop();
});

type Message = string | Uint8Array<ArrayBuffer>;

/** Repeatable random numbers in [0, 1): mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const layout: Layout = {
  exporter: "os",
  interval: 1000,
  series: ["a", "b", "c", "d"].map((name) =>
    labelsOf(Object.entries({ __name__: name, job: "node", instance: "gpu-01" })),
  ),
};

/** What an agent would say, from which the fuzzed messages are made. */
function seeds(sequence: number): Message[] {
  const now = Date.now();
  return [
    encodeMessage({
      type: "hello",
      v: 1,
      chain: [node.certificate],
      nonce: randomNonce(),
      client: node.client,
      boot: "b",
    }),
    encodeMessage({ type: "proof", signature: "A".repeat(86) }),
    encodeMessage({ type: "begin", epoch: newEpoch(), layouts: [layoutHash(layout)] }),
    encodeMessage({ type: "layout", hash: layoutHash(layout), layout: layout as never }),
    encodeFrame({ layoutIndex: 0, timestamp: now, sequence }, encodeValues([1, 70_000, 0.5, Number.NaN])),
    encodeFrame({ layoutIndex: 0, timestamp: now, sequence }, encodeValues([1, 2, 3, 4])),
  ];
}

/** Flips, cuts, repeats or inserts a few bytes; sometimes makes text binary or binary text. */
function mutate(message: Message, random: () => number): Message {
  const pick = (n: number) => Math.floor(random() * n);
  let bytes = Buffer.from(message as string);
  for (let edits = pick(4); edits >= 0; edits--) {
    const at = pick(bytes.length + 1);
    switch (pick(5)) {
      case 0:
        if (at < bytes.length) bytes[at] = pick(256);
        break;
      case 1:
        bytes = bytes.subarray(0, at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(pick(at + 1))]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(pick(64), pick(256)), bytes.subarray(at)]);
        break;
      case 4:
        if (at < bytes.length) bytes[at]! ^= 1 << pick(8);
        break;
    }
  }
  const asText = (typeof message === "string") !== (pick(20) === 0);
  return asText ? bytes.toString("utf8") : new Uint8Array(bytes);
}

function memory(): { heap: number; resident: number } {
  Bun.gc(true);
  Bun.shrink();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

async function expectFlat(before: ReturnType<typeof memory>): Promise<void> {
  const deadline = performance.now() + SETTLING_MS;
  let now = memory();
  while (now.resident - before.resident >= MAX_RESIDENT_GROWTH_BYTES && performance.now() < deadline) {
    await Bun.sleep(100);
    now = memory();
  }
  expect(now.resident - before.resident).toBeLessThan(MAX_RESIDENT_GROWTH_BYTES);
  expect(now.heap - before.heap).toBeLessThan(MAX_HEAP_GROWTH_BYTES);
}

/** Sends every message on a connection that still stands, and returns how many connections that took. */
async function fuzz(count: number, random: () => number, connect: () => Promise<RawAgent>): Promise<number> {
  let connections = 0;
  let agent: RawAgent | undefined;
  for (let i = 0; i < count; i++) {
    if (agent === undefined) {
      agent = await connect();
      connections++;
    }
    const options = seeds(i + 1);
    agent.sendRaw(mutate(options[Math.floor(random() * options.length)]!, random));
    // Whether a message has ended the connection is known once a ping has come back.
    if (!(await agent.isOpen())) agent = undefined;
  }
  agent?.close();
  return connections;
}

async function expectHealthy(): Promise<void> {
  const agent = await RawAgent.streaming(node, ours.origin, [layout]);
  agent.frame(1, [1, 2, 3, 4]);
  await agent.acknowledged(1);
  agent.close();
}

test(`${MESSAGES} fuzzed messages from a stranger: the server goes on, its memory flat`, async () => {
  const random = randomOf(SEED);
  const connect = () => RawAgent.connect(node, plain.origin);
  await fuzz(1000, random, connect);
  const before = memory();
  const connections = await fuzz(MESSAGES, random, connect);
  expect(connections).toBeGreaterThan(MESSAGES / 2);
  await expectFlat(before);
  expect(ours.hub.stats().connections).toBe(0);
  await expectHealthy();
}, 120_000);

test(`${MESSAGES} fuzzed messages from an authenticated agent: the server goes on, its memory flat`, async () => {
  const random = randomOf(SEED + 1);
  const connect = async () => {
    const agent = await RawAgent.admitted(node, plain.origin, ours.authority.server.fingerprint);
    const resume = await agent.begin([layout], newEpoch());
    if (resume.need.length > 0) agent.announce(layout);
    return agent;
  };
  await fuzz(1000, random, connect);
  const before = memory();
  await fuzz(MESSAGES, random, connect);
  await expectFlat(before);
  await expectHealthy();
  const names = await ours.store.labelValues("__name__", []);
  expect(names).toContain("a");
  expect(await ours.store.labelValues("instance", [])).toEqual(["gpu-01"]);
}, 120_000);

import { afterEach, expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { SpoolFile } from "../../src/agent/spool/file.ts";
import { Spool } from "../../src/agent/spool.ts";
import { systemTimers, type Timers } from "../../src/agent/timers.ts";
import { Backoff } from "../../src/agent/uplink/backoff.ts";
import { ACK_TIMEOUT_MS } from "../../src/agent/uplink/sender.ts";
import { Uplink, type UplinkOptions } from "../../src/agent/uplink.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { SERVER_PROOF, signProof } from "../../src/pki/proof.ts";
import { CLOSE, WINDOW_BYTES } from "../../src/wire/messages.ts";
import { Random } from "../promql/random.ts";
import { recordingLogger } from "../support/recording_logger.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { diskError } from "./disk_error.ts";
import { testLayout, testReading } from "./readings.ts";
import { ScriptedServer } from "./scripted_server.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const LAYOUT = testLayout(100);

/** A server, a spool, and an uplink between them that loses no time with waiting. */
async function setUp(options: Partial<UplinkOptions> & { frames?: number } = {}) {
  const folder = temporaryFolder();
  const server = await ScriptedServer.start();
  const { log, lines } = recordingLogger();
  const path = join(folder.path, "spool.db");
  const spool = Spool.open({ path, maxBytes: 2 ** 25, clock: systemClock, log });
  for (let i = 1; i <= (options.frames ?? 0); i++) spool.append([testReading(i, LAYOUT)]);
  const stop = new AbortController();
  const uplink = new Uplink({
    server: server.origin,
    identity: await server.identity(),
    bootId: "boot-1",
    spool,
    clock: systemClock,
    log,
    backoff: new Backoff(() => 0.01),
    ...options,
  });
  let running: Promise<void> | undefined;
  cleanups.push(async () => {
    stop.abort();
    await running;
    spool.close();
    await server[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });
  const start = () => {
    running = uplink.run(stop.signal);
  };
  return { folder, server, spool, uplink, start, stop, lines };
}

/** Timers whose long waits, from `fromMs` on, are over at once. */
function impatient(fromMs: number): Timers {
  return { after: (ms, callback) => systemTimers.after(ms >= fromMs ? 50 : ms, callback) };
}

/** As when the row of a layout has gone. */
function loseLayout(spool: Spool, hash: string) {
  const layout = spool.layout.bind(spool);
  return spyOn(spool, "layout").mockImplementation((wanted) =>
    wanted === hash ? undefined : layout(wanted),
  );
}

const sequences = (frames: readonly { sequence: number }[]) => frames.map(({ sequence }) => sequence);

test("the spool is delivered in order after the layouts that the server needs, and emptied", async () => {
  const { server, spool, uplink, start } = await setUp({ frames: 500 });
  start();
  const connection = await server.connection(0);
  await until(() => spool.stats().frames === 0);
  const begin = await connection.begin.promise;
  const { hash } = testReading(1, LAYOUT);
  expect(begin).toMatchObject({ epoch: spool.epoch, layouts: [hash] });
  expect(connection.authenticated).toBe(true);
  expect(connection.layouts).toEqual([{ type: "layout", hash, layout: LAYOUT } as never]);
  expect(connection.frames.map(({ timestamp }) => timestamp)).toEqual(
    Array.from({ length: 500 }, (_, i) => i + 1),
  );
  expect(connection.frames[7]!.payload).toEqual(testReading(8, LAYOUT).payload);
  expect(uplink.stats).toMatchObject({ connected: true, acknowledgedFrames: 500, disconnects: 0 });
});

test("what is collected while connected leaves at once, a new layout before its first frame", async () => {
  const { server, spool, start } = await setUp({ frames: 1 });
  start();
  const connection = await server.connection(0);
  await until(() => spool.stats().frames === 0);
  spool.append([testReading(2, testLayout(3, "other"))]);
  spool.append([testReading(3, LAYOUT)]);
  spool.append([testReading(4, testLayout(3, "other"))]);
  await until(() => spool.stats().frames === 0);
  expect(connection.frames.map(({ layoutIndex }) => layoutIndex)).toEqual([0, 1, 0, 1]);
  expect(connection.layouts.map(({ layout }) => layout.exporter)).toEqual(["test", "other"]);
});

test("a layout that the server has is not sent", async () => {
  const { server, spool, start } = await setUp({ frames: 3 });
  server.script.resume = () => ({ sequence: 0, need: [] });
  start();
  const connection = await server.connection(0);
  await until(() => spool.stats().frames === 0);
  expect(connection.layouts).toEqual([]);
  expect(connection.frames).toHaveLength(3);
});

test("frames that the server has are neither sent nor kept", async () => {
  const { server, spool, start } = await setUp({ frames: 10 });
  const seventh = spool.read(0, 10)[6]!.sequence;
  server.script.resume = ({ layouts }) => ({ sequence: seventh, need: layouts });
  start();
  const connection = await server.connection(0);
  await until(() => spool.stats().frames === 0);
  expect(sequences(connection.frames)).toEqual([seventh + 1, seventh + 2, seventh + 3]);
});

test("at most 256 KiB are on the way; acknowledgements open the window again", async () => {
  const { server, spool, start } = await setUp({ frames: 2000 });
  server.script.frame = () => {};
  start();
  const connection = await server.connection(0);
  await until(() => connection.cost > WINDOW_BYTES * 0.9);
  await Bun.sleep(100);
  expect(connection.cost).toBeLessThanOrEqual(WINDOW_BYTES);
  const before = connection.frames.length;
  connection.ack(connection.frames[99]!.sequence);
  await until(() => connection.frames.length >= before + 95);
  await Bun.sleep(50);
  expect(connection.frames.length).toBeLessThanOrEqual(before + 100 + 10);
  expect(spool.stats().frames).toBe(1900);
});

test("frames whose acknowledgement was lost are sent again, and none is missing", async () => {
  const { server, spool, start } = await setUp({ frames: 50 });
  server.script.frame = (connection) => {
    if (connection.frames.length === 20) connection.socket.terminate();
  };
  start();
  const first = await server.connection(0);
  await first.closed.promise;
  const durable = first.frames[9]!.sequence;
  server.script.resume = () => ({ sequence: durable, need: [] });
  server.script.frame = (connection, { sequence }) => connection.ack(sequence);
  const second = await server.connection(1);
  await until(() => spool.stats().frames === 0);
  expect(second.frames[0]!.sequence).toBe(durable + 1);
  expect(second.frames).toHaveLength(40);
});

test("the server goes away and comes back: collecting goes on, everything arrives once", async () => {
  const { server, spool, start, uplink, lines } = await setUp({ frames: 5 });
  let durable = 0;
  server.script.resume = ({ layouts }) => ({ sequence: durable, need: layouts });
  server.script.frame = (connection, { sequence }) => {
    durable = sequence;
    connection.ack(sequence);
  };
  start();
  await server.connection(0);
  await until(() => spool.stats().frames === 0);
  await server.crash();
  await until(() => !uplink.stats.connected);
  for (let i = 6; i <= 30; i++) spool.append([testReading(i, LAYOUT)]);
  await Bun.sleep(100);
  expect(spool.stats().frames).toBe(25);
  server.restart();
  await until(() => spool.stats().frames === 0);
  const all = server.connections.flatMap(({ frames }) => frames.map(({ timestamp }) => timestamp));
  expect(all).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(lines.filter((line) => line.includes("Nothing listens at"))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("connected to the server"))).toHaveLength(2);
});

test.each([
  [
    "signed by another key",
    async (transcript, _, authority) => {
      const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
      void authority;
      return signProof(keys.privateKey, SERVER_PROOF, transcript);
    },
  ],
  [
    "for another connection",
    (transcript, _, authority) =>
      signProof(authority.server.privateKey, SERVER_PROOF, { ...transcript, connection: "other" }),
  ],
  [
    "for another TLS certificate",
    (transcript, _, authority) =>
      signProof(authority.server.privateKey, SERVER_PROOF, {
        ...transcript,
        serverCertificate: "00".repeat(32),
      }),
  ],
] as [string, ScriptedServer["script"]["sign"]][])(
  "a server whose proof is %s gets nothing of the spool",
  async (_, sign) => {
    const { server, spool, start, lines } = await setUp({ frames: 3 });
    server.script.sign = sign;
    start();
    await until(() => server.connections.length > 1);
    const { code } = await server.connections[0]!.closed.promise;
    expect(code).toBe(CLOSE.serverNotProven);
    expect(server.connections.flatMap(({ frames, layouts }) => [...frames, ...layouts])).toEqual([]);
    expect(spool.stats().frames).toBe(3);
    expect(lines.filter((line) => line.includes("did not prove"))).toHaveLength(1);
  },
);

test("a server of another CA fails at TLS, before anything is said", async () => {
  const { server, start, lines } = await setUp({
    frames: 1,
    identity: await (await otherServer()).identity(),
  });
  start();
  await until(() => lines.some((line) => line.includes("is not the one that this node has joined")));
  expect(server.connections).toEqual([]);
});

test("a silent server is given up after 30 s without an acknowledgement, and asked again", async () => {
  const { server, spool, start, lines } = await setUp({ frames: 3, timers: impatient(ACK_TIMEOUT_MS) });
  server.script.frame = () => {};
  start();
  const first = await server.connection(0);
  expect((await first.closed.promise).code).toBe(CLOSE.silent);
  await server.connection(1);
  expect(spool.stats().frames).toBe(3);
  expect(lines.some((line) => line.includes("acknowledged nothing for 30 s"))).toBe(true);
});

test("a frame that the server does not accept is found, dropped and counted; all others arrive", async () => {
  const { server, spool, start, uplink } = await setUp({ frames: 40 });
  const poison = spool.read(0, 40)[17]!.sequence;
  let durable = 0;
  server.script.resume = ({ layouts }) => ({ sequence: durable, need: layouts });
  server.script.frame = (connection, { sequence }) => {
    if (sequence === poison) connection.socket.close(CLOSE.badFrame, "bad frame: a value is not finite");
    else if (connection.socket.readyState === WebSocket.OPEN) {
      durable = sequence;
      // The last acknowledgements before a close may be on the way.
      connection.ack(sequence);
    }
  };
  start();
  await until(() => spool.stats().frames === 0);
  const arrived = new Set(server.connections.flatMap(({ frames }) => sequences(frames)));
  expect(arrived.size).toBe(40);
  expect(uplink.stats.rejectedFrames).toBe(1);
});

test("frames whose layout the spool has lost are said once, dropped and counted; all others arrive", async () => {
  const { server, spool, start, uplink, lines } = await setUp({ frames: 3 });
  const lost = testLayout(2, "lost");
  for (let i = 4; i <= 8; i++) spool.append([testReading(i, i === 6 ? LAYOUT : lost)]);
  loseLayout(spool, testReading(4, lost).hash);
  start();
  const connection = await server.connection(0);
  await until(() => spool.stats().frames === 0);
  expect(connection.frames.map(({ timestamp }) => timestamp)).toEqual([1, 2, 3, 6]);
  expect(uplink.stats).toMatchObject({ acknowledgedFrames: 4, framesWithoutLayout: 4 });
  expect(lines.filter((line) => line.includes("layout is not in the spool"))).toHaveLength(1);
});

test("frames whose layout cannot be read now wait for it, and those behind them too", async () => {
  const { server, spool, start, uplink } = await setUp({ frames: 3 });
  const lookup = spyOn(SpoolFile.prototype, "layout").mockImplementation(() => {
    throw diskError();
  });
  start();
  const connection = await server.connection(0);
  await until(() => lookup.mock.calls.length > 0);
  spool.append([testReading(4, LAYOUT)]);
  expect(spool.stats().frames).toBe(4);
  lookup.mockRestore();
  spool.append([testReading(5, LAYOUT)]);
  await until(() => spool.stats().frames === 0);
  expect(connection.frames.map(({ timestamp }) => timestamp)).toEqual([1, 2, 3, 4, 5]);
  expect(uplink.stats.framesWithoutLayout).toBe(0);
});

test("a refused layout is said and counted, and the others go on", async () => {
  const { server, spool, start, uplink, lines } = await setUp({ frames: 2 });
  server.script.frame = (connection, { sequence }) => {
    if (connection.frames.length === 1)
      connection.send({
        type: "refused",
        hash: connection.layouts[0]!.hash,
        reason: "label instance is not yours",
      });
    connection.ack(sequence);
  };
  start();
  await until(() => spool.stats().frames === 0);
  expect(uplink.stats.refusedLayouts).toBe(1);
  expect(lines.find((line) => line.includes("refuses a layout"))).toContain("label instance is not yours");
});

test("an acknowledgement of frames that do not exist ends the connection and deletes nothing", async () => {
  const { server, spool, start } = await setUp({ frames: 3 });
  server.script.frame = (connection, { sequence }) => connection.ack(sequence + 1000);
  start();
  const connection = await server.connection(0);
  expect((await connection.closed.promise).code).toBe(CLOSE.badMessage);
  expect(spool.stats().frames).toBe(3);
});

test("a spool that is older than what the server has begins a new epoch, so that nothing passes for a duplicate", async () => {
  const { server, spool, start } = await setUp({ frames: 3 });
  const { epoch } = spool;
  server.script.resume = (begin) => ({ sequence: begin.epoch === epoch ? 2 ** 40 : 0, need: begin.layouts });
  start();
  await until(() => spool.stats().frames === 0);
  expect(spool.epoch).not.toBe(epoch);
  expect(server.connections.at(-1)!.frames).toHaveLength(3);
});

test.each(["revoked", "evicted", "busy"] as const)(
  "%s: the reason and the next step are said once, attempts go on",
  async (name) => {
    const { server, start, lines } = await setUp();
    server.script.resume = (begin) => {
      server.connections.at(-1)!.socket.close(CLOSE[name], `it is ${name}`);
      return { sequence: 0, need: begin.layouts };
    };
    start();
    await until(() => server.connections.length >= 3);
    expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    expect(lines.find((line) => line.startsWith("warn"))).toContain(`it is ${name}. `);
  },
);

test("another instance than the one that was granted is not used", async () => {
  const { server, start, lines } = await setUp({ frames: 1 });
  server.script.instance = "node-2";
  start();
  await until(() => lines.some((line) => line.includes('knows this node as instance "node-2"')));
  expect(server.connections[0]!.frames).toEqual([]);
});

test("stopping is prompt: connected, connecting and waiting", async () => {
  for (const phase of ["connected", "connecting", "waiting"]) {
    const asked = Promise.withResolvers<void>();
    const socket = { open: () => asked.resolve(), data() {} };
    const hanging = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
    const { server, uplink, start, stop, lines } = await setUp({
      ...(phase === "connecting" && { server: `https://127.0.0.1:${hanging.port}` }),
      ...(phase === "waiting" && { server: "https://127.0.0.1:1", backoff: new Backoff(() => 60) }),
    });
    start();
    if (phase === "connected") await until(() => uplink.stats.connected);
    if (phase === "connecting") await asked.promise;
    if (phase === "waiting") await until(() => lines.length > 0);
    const since = Date.now();
    stop.abort();
    if (phase === "connected") expect((await server.connections[0]!.closed.promise).code).toBe(1000);
    await cleanups.pop()!();
    expect(Date.now() - since).toBeLessThan(5000);
    hanging.stop(true);
  }
});

test("waits are spread evenly from 0 to a bound that doubles from 1 s to 60 s, and begin anew after a reset", () => {
  const bounds = new Backoff(() => 0.999999);
  const seen = Array.from({ length: 9 }, () => Math.round(bounds.next()));
  expect(seen).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  bounds.reset();
  expect(Math.round(bounds.next())).toBe(1000);

  // A thousand agents that lost one server: no tenth of the first second has more than its share, by much.
  const random = new Random(20_261_121);
  const tenths = new Array(10).fill(0);
  for (let agent = 0; agent < 1000; agent++)
    tenths[Math.floor(new Backoff(() => random.next()).next() / 100)]++;
  expect(Math.max(...tenths)).toBeLessThan(160);
});

async function otherServer(): Promise<ScriptedServer> {
  const other = await ScriptedServer.start();
  cleanups.push(() => other[Symbol.asyncDispose]());
  return other;
}

import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { BUCKET_MS, HOUR_MS, layoutOf, StoreFixture, T0 } from "./fixture.ts";

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await StoreFixture.open();
});
afterEach(() => fixture.remove());

async function sealed(blocks: number): Promise<void> {
  await until(() => fixture.store.stats().blocksSealed >= blocks, `${blocks} sealed blocks`);
}

describe("a frame", () => {
  test("is found by queries once it is durable, not before", async () => {
    const sender = fixture.sender(1, layoutOf("a", ["m", "n"]));
    expect(sender.send(T0, [1, 2.5])).toBe("accepted");
    expect(sender.send(T0 + 5000, [3, 4.5])).toBe("accepted");
    expect(await fixture.samples("m")).toEqual({});
    await sender.settled();
    expect(await fixture.samples("m")).toEqual({
      a: [
        [0, 1],
        [5, 3],
      ],
    });
    expect(await fixture.samples("n")).toEqual({
      a: [
        [0, 2.5],
        [5, 4.5],
      ],
    });
  });

  test("is the same before and after its block is sealed, and after a restart", async () => {
    const sender = fixture.sender(1, layoutOf("a", ["m"]));
    const expected: [number, number][] = [];
    for (let t = 0; t < 3 * BUCKET_MS; t += 5000) {
      sender.send(T0 + t, [t / 1000]);
      expected.push([t / 1000, t / 1000]);
    }
    await sender.settled();
    expect(await fixture.samples("m")).toEqual({ a: expected });
    await sealed(2);
    expect(fixture.store.stats().headBlocks).toBe(1);
    expect(await fixture.samples("m")).toEqual({ a: expected });
    await fixture.restart();
    expect(fixture.store.stats().headBlocks).toBe(1);
    expect(await fixture.samples("m")).toEqual({ a: expected });
    expect(fixture.store.openStream(1, "e1").sequence).toBe(sender.sequence);
    expect(fixture.store.lastReceived(1)).toBe(T0 + 3 * BUCKET_MS - 5000);
  });

  test("keeps every float64 that a node can send", async () => {
    const values = [0, -0, 0.1, -1, 65535, 65536, 2 ** 32, 2 ** 53, 5e-324, 1.7976931348623157e308];
    const names = values.map((_, i) => `m${i}`);
    const sender = fixture.sender(1, layoutOf("a", names));
    sender.send(T0, values);
    sender.send(T0 + BUCKET_MS, values);
    await sender.settled();
    await sealed(1);
    for (const [i, value] of values.entries())
      expect(await fixture.samples(`m${i}`)).toEqual({
        a: [
          [0, value],
          [60, value],
        ],
      });
  });

  test("sent twice changes nothing and is acknowledged twice", async () => {
    const sender = fixture.sender(1, layoutOf("a", ["m"]));
    sender.send(T0, [1]);
    expect(sender.send(T0, [9], 1)).toBe("duplicate");
    await sender.settled();
    let acknowledged = 0;
    fixture.store.onDurable((_, sequence) => {
      acknowledged = sequence;
    });
    expect(sender.send(T0, [9], 1)).toBe("duplicate");
    await until(() => acknowledged === 1, "the second acknowledgement");
    expect(await fixture.samples("m")).toEqual({ a: [[0, 1]] });
    expect(fixture.store.stats().framesRejected.duplicate).toBe(2);
  });

  test("with a timestamp out of bounds is counted and dropped, and acknowledged after those before it", async () => {
    const sender = fixture.sender(1, layoutOf("a", ["m"]));
    const frame = { stream: sender.stream, owner: 1, layout: 1, payload: new Uint8Array([0, 0]) };
    fixture.clock.time = T0;
    const order: number[] = [];
    fixture.store.onDurable((_, sequence) => order.push(sequence));
    expect(sender.send(T0, [1])).toBe("accepted");
    expect(fixture.store.append({ ...frame, sequence: 2, timestamp: T0 + 121_000 })).toBe("future");
    expect(fixture.store.append({ ...frame, sequence: 3, timestamp: T0 - 25 * HOUR_MS })).toBe("too_old");
    expect(fixture.store.append({ ...frame, sequence: 4, timestamp: T0 + 119_000 })).toBe("accepted");
    await until(() => order.at(-1) === 4, "the last acknowledgement");
    expect(fixture.store.append({ ...frame, sequence: 5, timestamp: T0 + 121_000 })).toBe("future");
    await until(() => order.at(-1) === 5, "the acknowledgement of a dropped frame alone");
    expect(order).toEqual([4, 5]);
    expect(fixture.store.stats().framesRejected).toEqual({ duplicate: 0, future: 2, too_old: 1, busy: 0 });
    expect(await fixture.samples("m")).toEqual({ a: [[0, 1]] });
  });

  test("that comes after its block was sealed is merged into the chunk, the last write wins", async () => {
    const sender = fixture.sender(1, layoutOf("a", ["m", "n"]));
    sender.send(T0, [1, 10]);
    sender.send(T0 + 10_000, [2, 20]);
    sender.send(T0 + BUCKET_MS, [3, 30]);
    await sealed(1);
    sender.send(T0 + 5000, [1.5, 15]);
    sender.send(T0 + 10_000, [2.5, 25]);
    await sender.settled();
    const expected = {
      a: [
        [0, 1],
        [5, 1.5],
        [10, 2.5],
        [60, 3],
      ] as [number, number][],
    };
    expect(await fixture.samples("m")).toEqual(expected);
    fixture.clock.time = T0 + 4 * BUCKET_MS;
    sender.send(T0 + 4 * BUCKET_MS, [4, 40]);
    await sealed(3);
    expect(fixture.store.stats().samplesMerged).toBe(2);
    expect(await fixture.samples("m")).toEqual({ a: [...expected.a, [240, 4]] });
    await fixture.restart();
    expect(await fixture.samples("n")).toEqual({
      a: [
        [0, 10],
        [5, 15],
        [10, 25],
        [60, 30],
        [240, 40],
      ],
    });
  });

  test("needs a stream and a layout of its owner", () => {
    const sender = fixture.sender(1, layoutOf("a", ["m"]));
    const frame = {
      stream: sender.stream,
      layout: 1,
      sequence: 1,
      timestamp: T0,
      payload: new Uint8Array([0, 0]),
    };
    expect(() => fixture.store.append({ ...frame, owner: 2 })).toThrow("must both be of owner 2");
    expect(() => fixture.store.append({ ...frame, owner: 1, layout: 7 })).toThrow("layout 7");
  });
});

test("a store with too much waiting for the disk answers busy", async () => {
  await fixture.remove();
  fixture = await StoreFixture.open({ limits: { pendingBytes: 1000 } });
  const sender = fixture.sender(1, layoutOf("a", ["m"]));
  const outcomes = Array.from({ length: 600 }, (_, i) => sender.send(T0 + i, [i]));
  expect(new Set(outcomes)).toEqual(new Set(["accepted", "busy"]));
  const taken = outcomes.filter((outcome) => outcome === "accepted").length;
  await until(() => fixture.store.stats().pendingBytes === 0, "the commit");
  expect((await fixture.samples("m")).a?.length).toBe(taken);
  expect(sender.send(T0 + 1000, [1], taken + 1)).toBe("accepted");
});

test("a label set belongs to the owner that came first", async () => {
  const first = fixture.sender(1, layoutOf("a", ["m"]));
  const hash = "0".repeat(32);
  const layout = layoutOf("a", ["m", "own"]);
  const refused = { othersSeries: 1, seriesOverLimit: 0 };
  expect(fixture.store.registerLayout(2, layout, hash)).toEqual({ id: 2, ...refused });
  expect(fixture.store.registerLayout(2, layout, hash)).toMatchObject({ id: 2 });
  expect(fixture.store.stats().seriesRefused).toBe(1);
  const second = fixture.sender(2, layout);
  first.send(T0, [1]);
  second.send(T0 + 1000, [666, 2]);
  first.send(T0 + BUCKET_MS, [1]);
  second.send(T0 + BUCKET_MS, [666, 2]);
  await second.settled();
  await first.settled();
  expect(await fixture.samples("m")).toEqual({
    a: [
      [0, 1],
      [60, 1],
    ],
  });
  expect(await fixture.samples("own")).toEqual({
    a: [
      [1, 2],
      [60, 2],
    ],
  });
  await fixture.restart();
  await until(() => fixture.store.stats().headBlocks === 2, "the seals");
  expect(await fixture.samples("m")).toEqual({
    a: [
      [0, 1],
      [60, 1],
    ],
  });
  expect(fixture.store.registerLayout(2, layout, hash)).toMatchObject({ id: 2 });
});

test("the server's own series are stored without a stream, what is not finite is absent", async () => {
  const layout = layoutOf("server", ["up", "load"], "server");
  fixture.store.appendOwn(layout, T0, [1, Number.POSITIVE_INFINITY]);
  fixture.store.appendOwn(layout, T0 + 5000, [0, 7]);
  fixture.clock.time = T0 + 5000;
  await until(() => fixture.store.stats().headFrames === 2, "the commit");
  expect(await fixture.samples("up")).toEqual({
    server: [
      [0, 1],
      [5, 0],
    ],
  });
  expect(await fixture.samples("load")).toEqual({ server: [[5, 7]] });
});

test("streams of one owner are told apart by their epoch", async () => {
  const layout = layoutOf("a", ["m"]);
  const before = fixture.sender(1, layout, "old");
  before.send(T0, [1], 41);
  await before.settled();
  const after = fixture.sender(1, layout, "new");
  expect(after.sequence).toBe(0);
  after.send(T0 + 5000, [2]);
  await after.settled();
  await fixture.restart();
  expect(fixture.store.openStream(1, "old").sequence).toBe(41);
  expect(fixture.store.openStream(1, "new").sequence).toBe(1);
  expect(fixture.store.openStream(2, "old").sequence).toBe(0);
});

describe("epochs of one owner", () => {
  const streamRows = () => {
    using database = new Database(join(fixture.dataDir, "dcmon.db"), { readonly: true });
    return database.query("SELECT epoch FROM stream ORDER BY id").values().flat();
  };
  const layout = layoutOf("a", ["m"]);

  test("leave nothing behind without a frame", async () => {
    for (let i = 0; i < 100; i++) fixture.store.openStream(1, `e${i}`);
    const sender = fixture.sender(1, layout, "used");
    sender.send(T0, [1]);
    await sender.settled();
    expect(streamRows()).toEqual(["used"]);
  });

  test("are kept while their frames are not sealed, then the newest sixteen", async () => {
    const epochs = Array.from({ length: 40 }, (_, i) => `e${i}`);
    for (const [i, epoch] of epochs.entries()) {
      const sender = fixture.sender(1, layout, epoch);
      sender.send(T0 + i, [i], 7);
      await sender.settled();
    }
    await fixture.restart();
    expect(epochs.map((epoch) => fixture.store.openStream(1, epoch).sequence)).toEqual(epochs.map(() => 7));
    const last = fixture.sender(1, layout, "last");
    last.send(T0 + BUCKET_MS, [1]);
    await sealed(1);
    await until(() => streamRows().length <= 16, "the trim");
    expect(streamRows()).toEqual([...epochs.slice(-15), "last"]);
    const again = fixture.sender(1, layout, "e0");
    expect(again.sequence).toBe(0);
    again.send(T0 + BUCKET_MS + 1, [1], 3);
    await again.settled();
    await fixture.restart();
    expect(fixture.store.openStream(1, "e0").sequence).toBe(3);
    expect(fixture.store.openStream(1, "e39").sequence).toBe(7);
  });
});

test("a stream's position outlives its journal rows", async () => {
  const layout = layoutOf("a", ["m"]);
  const before = fixture.sender(1, layout, "old");
  before.send(T0, [1], 100);
  const after = fixture.sender(1, layout, "new");
  after.send(T0 + BUCKET_MS, [2]);
  await sealed(1);
  await until(() => fixture.store.stats().journalRows === 1, "the trim");
  await fixture.restart();
  expect(fixture.store.openStream(1, "old").sequence).toBe(100);
  expect(await fixture.samples("m")).toEqual({
    a: [
      [0, 1],
      [60, 2],
    ],
  });
});

test("what expired is neither returned nor kept", async () => {
  const sender = fixture.sender(1, layoutOf("a", ["m"]));
  for (let bucket = 0; bucket < 6; bucket++) sender.send(T0 + bucket * BUCKET_MS + 30_000, [bucket]);
  await sealed(5);
  fixture.options = { retentionMs: 3 * BUCKET_MS };
  await fixture.restart();
  expect((await fixture.samples("m")).a?.map(([, value]) => value)).toEqual([2, 3, 4, 5]);
  expect(chunkBuckets()).toHaveLength(5);
  await until(() => chunkBuckets().length === 3, "the retention");
  expect((await fixture.samples("m")).a?.map(([, value]) => value)).toEqual([2, 3, 4, 5]);

  fixture.clock.time = T0 + 20 * BUCKET_MS;
  await fixture.restart();
  expect(fixture.store.stats().headBlocks).toBe(0);
  await until(() => chunkBuckets().length === 0, "the retention");
  expect(await fixture.samples("m")).toEqual({});
});

function chunkBuckets(): number[] {
  const database = new Database(join(fixture.dataDir, "dcmon.db"), { readonly: true });
  const rows = database.query("SELECT DISTINCT bucket FROM chunk").values();
  database.close();
  return rows.map(([bucket]) => bucket as number);
}

test("queries see every durable sample once, also while blocks are sealed and trimmed", async () => {
  const senders = [1, 2, 3, 4, 5].map((owner) => fixture.sender(owner, layoutOf(`n${owner}`, ["m", "n"])));
  let running = true;
  const sending = (async () => {
    for (let tick = 0; tick < 400; tick++) {
      for (const sender of senders) sender.send(T0 + tick * 5000, [tick, tick * 2]);
      await Bun.sleep(2);
    }
    running = false;
  })();
  let queries = 0;
  for (; running || queries === 0; queries++) {
    const durable = senders.map(({ stream }) => fixture.durableSequence(stream));
    const found = await fixture.samples("n");
    for (const [i, { owner, sequence }] of senders.entries()) {
      const samples = found[`n${owner}`] ?? [];
      expect(samples.length).toBeGreaterThanOrEqual(durable[i]!);
      expect(samples.length).toBeLessThanOrEqual(sequence);
      expect(samples).toEqual(samples.map((_, tick): [number, number] => [tick * 5, tick * 2]));
    }
  }
  await sending;
  expect(queries).toBeGreaterThan(50);
  expect(fixture.store.stats().blocksSealed).toBeGreaterThan(100);
});

test("6,000 series of one exporter are sealed and read like six", async () => {
  const layouts = [0, 1, 2].map((part) =>
    layoutOf(
      "a",
      Array.from({ length: 2000 }, (_, i) => `m${part * 2000 + i}`),
    ),
  );
  const sender = fixture.sender(1, layouts[0]!);
  for (let t = 0; t <= BUCKET_MS; t += 10_000)
    for (const [part, layout] of layouts.entries()) {
      sender.use(layout);
      sender.send(
        T0 + t,
        Array.from({ length: 2000 }, (_, i) => part * 2000 + i + t / 10_000),
      );
    }
  await sender.settled();
  const check = async () => {
    for (const i of [0, 1999, 2000, 5999])
      expect((await fixture.samples(`m${i}`)).a).toEqual(
        Array.from({ length: 7 }, (_, k): [number, number] => [10 * k, i + k]),
      );
    expect(await fixture.vector('count({__name__=~"m.+"})')).toEqual({ "": 6000 });
  };
  await check();
  await sealed(3);
  await check();
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Block } from "../../src/store/head/block.ts";
import { BlockReader } from "../../src/store/head/block_reader.ts";
import { Head } from "../../src/store/head/head.ts";
import { type StoredLayout, sharedSeries } from "../../src/store/head/layout.ts";
import { LayoutChanges } from "../../src/store/head/staleness.ts";
import { mergeSamples, type Samples } from "../../src/store/samples.ts";
import { encodeStale, encodeValues } from "../../src/wire/values.ts";

const BUCKET_MS = 1000;

function storedLayout(id: number, series: number[], exporter = "os", owner = 1): StoredLayout {
  return { id, owner, hash: `h${id}`, exporter, interval: 10, series: sharedSeries(series) };
}

function pairs({ timestamps, values }: Samples): [number, number][] {
  return Array.from(timestamps, (timestamp, i) => [timestamp, values[i]!]);
}

describe("BlockReader", () => {
  const value = fc.oneof(
    fc.constant(Number.NaN),
    fc.integer({ min: 0, max: 70_000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const frame = fc.record({
    timestamp: fc.integer({ min: 1000, max: 1040 }),
    values: fc.array(value, { minLength: 7, maxLength: 7 }),
    ends: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 6 })), { freq: 5, nil: undefined }),
  });

  /** One series at a time, one rule after the other. */
  function expected(
    frames: { timestamp: number; values: number[]; ends: number[] | undefined }[],
    column: number,
  ) {
    const sorted = [...frames].sort((a, b) => a.timestamp - b.timestamp);
    const samples = new Map<number, number>();
    let state = "unknown";
    for (const { timestamp, values, ends } of sorted) {
      const said = ends === undefined ? values[column]! : undefined;
      if (said !== undefined && !Number.isNaN(said)) {
        samples.set(timestamp, said);
        state = "present";
      } else if (said !== undefined ? state === "present" : ends!.includes(column) && state !== "ended") {
        samples.set(timestamp, Number.NaN);
        state = "ended";
      }
    }
    return [...samples];
  }

  test("reads any frames in any order as a naive reading does", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 40 }), (frames) => {
        const block = new Block(storedLayout(1, [1, 2, 3, 4, 5, 6, 7]), 1, BUCKET_MS);
        for (const [i, { timestamp, values, ends }] of frames.entries()) {
          const sorted = ends && [...ends].sort();
          const payload = sorted ? encodeStale(7, sorted) : encodeValues(values);
          block.append({ id: i + 1, timestamp, received: 0, payload });
        }
        const columns = Uint32Array.of(0, 3, 6);
        const read = new BlockReader(block.snapshot()).read(columns);
        for (const [k, column] of columns.entries())
          expect(pairs(read[k]!)).toEqual(expected(frames, column));
      }),
    );
  });

  test("reads a part as the same part of the whole", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 995, max: 1045 }),
        fc.nat(50),
        (frames, from, length) => {
          const block = new Block(storedLayout(1, [1, 2, 3, 4, 5, 6, 7]), 1, BUCKET_MS);
          for (const [i, { timestamp, values }] of frames.entries())
            block.append({ id: i + 1, timestamp, received: 0, payload: encodeValues(values) });
          const to = from + length;
          const whole = new BlockReader(block.snapshot()).read(Uint32Array.of(2))[0]!;
          const part = new BlockReader(block.snapshot(), from, to).read(Uint32Array.of(2))[0]!;
          expect(pairs(part)).toEqual(pairs(whole).filter(([at]) => at >= from && at <= to));
        },
      ),
    );
  });

  test("keeps what a snapshot had while the block grows over several segments", () => {
    const block = new Block(storedLayout(1, [1, 2]), 1, BUCKET_MS);
    for (let i = 0; i < 300; i++)
      block.append({ id: i + 1, timestamp: 1000 + i, received: 0, payload: encodeValues([i, 0.5]) });
    const snapshot = block.snapshot();
    for (let i = 300; i < 900; i++)
      block.append({ id: i + 1, timestamp: 1000 + i, received: 0, payload: encodeValues([i, 0.5]) });
    const [samples] = new BlockReader(snapshot).read(Uint32Array.of(0));
    expect(snapshot.throughId).toBe(300);
    expect(pairs(samples!)).toEqual(Array.from({ length: 300 }, (_, i) => [1000 + i, i]));
    expect(block.snapshot().segments.length).toBeGreaterThan(1);
  });
});

describe("mergeSamples()", () => {
  const samples = fc.uniqueArray(fc.nat(40), { maxLength: 20 }).chain((times) =>
    fc
      .array(fc.oneof(fc.constant(Number.NaN), fc.nat(9)), {
        minLength: times.length,
        maxLength: times.length,
      })
      .map(
        (values): Samples => ({
          timestamps: Float64Array.from(times.sort((a, b) => a - b)),
          values: Float64Array.from(values),
        }),
      ),
  );

  test("keeps every timestamp once; the newer wins, a value beats a stale marker", () => {
    fc.assert(
      fc.property(samples, samples, (older, newer) => {
        const all = new Map(pairs(older));
        let overlaps = 0;
        for (const [at, value] of pairs(newer)) {
          if (all.has(at)) overlaps++;
          if (!all.has(at) || !Number.isNaN(value)) all.set(at, value);
        }
        const merged = mergeSamples(older, newer);
        expect(pairs(merged.samples)).toEqual([...all].sort(([a], [b]) => a - b));
        expect(merged.overlaps).toBe(overlaps);
      }),
    );
  });
});

describe("Head", () => {
  const payload = encodeValues([1]);

  function headWith(): { head: Head; closed: Block[] } {
    const closed: Block[] = [];
    return { head: new Head(BUCKET_MS, (block) => closed.push(block)), closed };
  }

  test("closes an exporter's blocks when its next bucket begins, and no other's", () => {
    const { head, closed } = headWith();
    const os = storedLayout(1, [1]);
    const changed = storedLayout(2, [2]);
    const ipmi = storedLayout(3, [3], "ipmi");
    head.append(os, { id: 1, timestamp: 1000, received: 1000, payload });
    head.append(ipmi, { id: 2, timestamp: 1100, received: 1000, payload });
    head.append(changed, { id: 3, timestamp: 1900, received: 1000, payload });
    expect(closed).toEqual([]);
    head.append(changed, { id: 4, timestamp: 2000, received: 2000, payload });
    expect(closed.map(({ layout }) => layout.id)).toEqual([1, 2]);
  });

  test("opens a new block for a straggler, and closes it when nothing follows", () => {
    const { head, closed } = headWith();
    const os = storedLayout(1, [1]);
    head.append(os, { id: 1, timestamp: 1000, received: 1000, payload });
    head.append(os, { id: 2, timestamp: 2000, received: 2000, payload });
    head.append(os, { id: 3, timestamp: 1500, received: 2100, payload });
    expect(head.blockCount).toBe(3);
    head.closeDue(2999);
    expect(closed).toHaveLength(1);
    head.closeDue(3100);
    expect(closed.map(({ firstId }) => firstId).sort()).toEqual([1, 2, 3]);
  });

  test("names the oldest journal row that it needs", () => {
    const { head, closed } = headWith();
    const os = storedLayout(1, [1]);
    expect(head.oldestId()).toBeUndefined();
    for (let i = 0; i < 30; i++)
      head.append(os, { id: 7 + i, timestamp: 1000 + i * 100, received: 0, payload });
    expect(head.oldestId()).toBe(7);
    head.drop(closed[0]!);
    expect(head.oldestId()).toBe(17);
    head.dropBefore(4000);
    expect(head.oldestId()).toBeUndefined();
    expect([head.frames, head.bytes, head.blockCount]).toEqual([0, 0, 0]);
  });
});

describe("Head, given frames that jump in time", () => {
  const payload = encodeValues([1]);

  /** One frame for each of `buckets` × `layouts`, the newest bucket first. */
  function backwards(head: Head, buckets: number, layouts: readonly StoredLayout[]): void {
    let id = 0;
    for (let bucket = buckets; bucket > 0; bucket--)
      for (const layout of layouts)
        head.append(layout, { id: ++id, timestamp: bucket * BUCKET_MS, received: 0, payload });
  }

  const layoutsOf = (count: number, owner = 1) =>
    Array.from({ length: count }, (_, i) => storedLayout(1000 * owner + i, [i + 1], `e${i}`, owner));

  test("closes the oldest blocks beyond two a layout and 64", () => {
    const closed: Block[] = [];
    const head = new Head(BUCKET_MS, (block) => closed.push(block));
    backwards(head, 500, layoutsOf(3));
    expect(head.blockCount - closed.length).toBe(2 * 3 + 64);
    expect(closed.map(({ firstId }) => firstId)).toEqual(closed.map((_, i) => i + 1));
    expect(head.bytes).toBeLessThan(1500 * 512);
  });

  test("leaves the blocks of two buckets open, however many layouts there are", () => {
    const closed: Block[] = [];
    const head = new Head(BUCKET_MS, (block) => closed.push(block));
    backwards(head, 2, layoutsOf(400));
    expect(closed).toEqual([]);
  });

  test("is behind with the owner whose blocks are not sealed as fast as they close", () => {
    const closed: Block[] = [];
    const head = new Head(BUCKET_MS, (block) => closed.push(block));
    backwards(head, 2, layoutsOf(1, 2));
    backwards(head, 1200, layoutsOf(1));
    expect([head.isBehind(1), head.isBehind(2), head.isBehind(3)]).toEqual([true, false, false]);
    for (const block of closed.slice(0, 200)) head.drop(block);
    expect(head.isBehind(1)).toBe(false);
  });
});

describe("LayoutChanges", () => {
  /** Whatever the layout, its first four series are present. */
  const full = encodeValues([1, 2, 3, 4]);

  test("sees a change from one layout to another with the first frame of the new one", () => {
    const changes = new LayoutChanges();
    const before = storedLayout(1, [1, 2, 0, 3]);
    const after = storedLayout(2, [2, 4]);
    expect(changes.observe(before, 10, full)).toEqual([]);
    expect(changes.observe(before, 20, full)).toEqual([]);
    expect(changes.observe(after, 30, full)).toEqual([{ layout: before, timestamp: 30, columns: [0, 3] }]);
    expect(changes.observe(after, 40, full)).toEqual([]);
    expect(changes.observe(before, 35, full)).toEqual([]);
  });

  test("waits one tick while several layouts are in use", () => {
    const changes = new LayoutChanges();
    const [a, b, c] = [storedLayout(1, [1]), storedLayout(2, [2]), storedLayout(3, [3])];
    for (const time of [10, 20])
      for (const layout of [a!, b!]) expect(changes.observe(layout, time, full)).toEqual([]);
    expect(changes.observe(a!, 30, full)).toEqual([]);
    expect(changes.observe(c!, 30, full)).toEqual([]);
    expect(changes.observe(a!, 40, full)).toEqual([{ layout: b!, timestamp: 30, columns: [0] }]);
  });

  test("does not end what was absent already", () => {
    const changes = new LayoutChanges();
    const before = storedLayout(1, [1, 2, 3]);
    changes.observe(before, 10, encodeValues([1, 2, 3]));
    changes.observe(before, 20, encodeValues([Number.NaN, 2, 3]));
    expect(changes.observe(storedLayout(2, [3]), 30, full)).toEqual([
      { layout: before, timestamp: 30, columns: [1] },
    ]);
  });
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  ChunkEncoder,
  ChunkError,
  chunkCount,
  chunkSummary,
  decodeChunk,
  encodeChunk,
  MAX_CHUNK_SAMPLES,
  type Summary,
  summarise,
} from "../../src/store/codec.ts";

const START = 1_790_000_000_000;
const encoder = new ChunkEncoder();

function decode(bytes: Uint8Array): { timestamps: Float64Array; values: Float64Array } {
  const timestamps = new Float64Array(chunkCount(bytes));
  const values = new Float64Array(timestamps.length);
  expect(decodeChunk(bytes, timestamps, values, 0)).toBe(timestamps.length);
  return { timestamps, values };
}

function bits(values: Float64Array): string {
  const canonical = Float64Array.from(values, (v) => (Number.isNaN(v) ? Number.NaN : v));
  return Buffer.from(canonical.buffer).toString("hex");
}

/** Encodes, decodes, compares bit for bit, checks the summary. */
function roundTrip(timestamps: ArrayLike<number>, values: ArrayLike<number>): void {
  sizeOf(timestamps, values);
}

/** The size in bytes of what has passed a round trip. */
function sizeOf(timestamps: ArrayLike<number>, values: ArrayLike<number>): number {
  const t = Float64Array.from(timestamps);
  const v = Float64Array.from(values);
  const bytes = encoder.encode(t, v);
  const decoded = decode(bytes);
  if (bits(decoded.timestamps) !== bits(t)) throw new Error(`timestamps differ: ${decoded.timestamps}`);
  if (bits(decoded.values) !== bits(v)) throw new Error(`values differ: ${decoded.values} instead of ${v}`);
  expectSameSummary(chunkSummary(bytes), summarise(t, v, t.length));
  return bytes.length;
}

function expectSameSummary(actual: Summary, expected: Summary): void {
  const magnitude = Math.max(Math.abs(expected.min), Math.abs(expected.max)) * expected.present;
  for (const key of Object.keys(expected) as (keyof Summary)[]) {
    const rounds = key === "sum" || key === "increase";
    const same =
      Object.is(actual[key], expected[key]) ||
      actual[key] === expected[key] ||
      (rounds && Math.abs(actual[key] - expected[key]) <= magnitude * 1e-15);
    if (!same) throw new Error(`summary's ${key} is ${actual[key]}, not ${expected[key]}`);
  }
}

const regular = (n: number, step = 10_000) => Array.from({ length: n }, (_, i) => START + i * step);
const fill = (n: number, value: (i: number) => number) => Array.from({ length: n }, (_, i) => value(i));

describe("size of a chunk", () => {
  const sizes: [string, number[], number][] = [
    ["one sample", [42], 12],
    ["two samples of a counter", [1234567, 1234890], 20],
    ["a constant", fill(180, () => 4096), 15],
    ["a constant decimal", fill(180, () => 36.6), 15],
    ["a counter of constant rate", fill(180, (i) => 5_000_000 + 1500 * i), 30],
    ["memory in pages", fill(180, (i) => 4096 * (900_000 + ((i * 7919) % 64))), 180],
    ["seconds in hundredths", fill(180, (i) => (123_456 + 997 * i + ((i * 7919) % 8)) / 100), 110],
    ["nothing but stale markers", fill(180, () => Number.NaN), 16],
  ];
  test.each(sizes)("%s", (_, values, limit) => {
    expect(sizeOf(regular(values.length), values)).toBeLessThanOrEqual(limit);
  });
});

test("a burst does not widen the other slots", () => {
  const quiet = sizeOf(
    regular(360),
    fill(360, (i) => 3 * i + (i & 1)),
  );
  const burst = sizeOf(
    regular(360),
    fill(360, (i) => 3 * i + (i & 1) + (i > 200 ? 1e12 : 0)),
  );
  expect(burst).toBeLessThan(quiet + 30);
});

test("a gap in the timestamps costs a few bytes", () => {
  const values = fill(180, () => 1);
  const whole = sizeOf(regular(180), values);
  const gap = sizeOf(
    regular(190).filter((_, i) => i < 100 || i >= 110),
    values,
  );
  expect(gap).toBeLessThan(whole + 16);
});

describe("every float64 survives", () => {
  const special = [
    0,
    -0,
    1,
    -1,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
  ];
  const edges = [
    2 ** 52,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 53 + 2,
    2 ** 63,
    2 ** 64,
    1e15 + 0.5,
    0.1,
    1 / 3,
    1e-9,
    1e-10,
  ];
  const all = [...special, ...edges, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  test.each(all)("%p alone and repeated", (value) => {
    roundTrip(regular(1), [value]);
    roundTrip(
      regular(20),
      fill(20, () => value),
    );
  });
  test("all of them together, in every pair", () => {
    roundTrip(regular(all.length), all);
    for (const a of all) for (const b of all) roundTrip(regular(3), [a, b, a]);
  });
  test("zeros of both signs", () =>
    roundTrip(
      regular(20),
      fill(20, (i) => (i % 3 ? 0 : -0)),
    ));
  test("counters beyond 2^53", () =>
    roundTrip(
      regular(100),
      fill(100, (i) => 2 ** 60 + i * 4096),
    ));
  test("wide steps", () =>
    roundTrip(
      regular(100),
      fill(100, (i) => i * 2 ** 40 + (i % 7) * 12345),
    ));
});

const values = fc.oneof(
  fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 300 }),
  fc.array(fc.double(), { minLength: 1, maxLength: 300 }),
  fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 2000 }),
  fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 2000 }),
  fc
    .tuple(fc.array(fc.integer(), { minLength: 1, maxLength: 2000 }), fc.integer({ min: 0, max: 10 }))
    .map(([integers, exponent]) => integers.map((integer) => integer / 10 ** exponent)),
  fc
    .tuple(
      fc.array(fc.nat({ max: 1e9 }), { minLength: 1, maxLength: 2000 }),
      fc.constantFrom(0.01, 1, 512, 4096),
      fc.nat(20),
    )
    .map(([steps, unit, resetEvery]) => {
      let total = 0;
      return steps.map((step, i) => {
        total = resetEvery > 1 && i % (resetEvery * 10) === 7 ? 0 : total + step;
        return unit === 0.01 ? total / 100 : total * unit;
      });
    }),
  fc
    .tuple(fc.double({ noNaN: true }), fc.integer({ min: 1, max: 2000 }))
    .map(([value, n]) => fill(n, () => value)),
  fc
    .array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.boolean()), { minLength: 1, maxLength: 2000 })
    .map((samples) => samples.map(([value, stale]) => (stale ? Number.NaN : value))),
);
const steps = fc.oneof(
  fc.constant<number[] | undefined>(undefined),
  fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 50 }),
  fc.array(fc.constantFrom(5000, 5000, 5000, 5000, 10_000, 300_000), { minLength: 1, maxLength: 50 }),
  fc.array(fc.integer({ min: 9995, max: 10_005 }), { minLength: 1, maxLength: 50 }),
);
const staleAt = fc.oneof(fc.constant<number[]>([]), fc.array(fc.nat(1999), { maxLength: 20 }));

test("any samples round trip and their summary equals the naive one", () => {
  fc.assert(
    fc.property(values, steps, fc.nat(2 ** 41), staleAt, (samples, cycle, start, stale) => {
      const column = samples.slice();
      for (const i of stale) if (i < column.length) column[i] = Number.NaN;
      let at = start;
      const times = column.map((_, i) => (at += cycle?.[i % cycle.length] ?? 5000));
      roundTrip(times, column);
    }),
    { numRuns: 1500 },
  );
});

test("decodes at an offset and leaves the rest alone", () => {
  const bytes = encodeChunk(Float64Array.from(regular(10)), Float64Array.from(fill(10, (i) => i * i)));
  const timestamps = new Float64Array(14).fill(7);
  const out = new Float64Array(14).fill(7);
  expect(decodeChunk(bytes, timestamps, out, 2)).toBe(10);
  expect([...out]).toEqual([7, 7, 0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 7, 7]);
  expect(timestamps.indexOf(START)).toBe(2);
  expect(() => decodeChunk(bytes, timestamps, out, 5)).toThrow(RangeError);
});

test("reads a chunk that lies inside a larger buffer", () => {
  const bytes = encodeChunk(
    Float64Array.from(regular(100)),
    Float64Array.from(fill(100, (i) => Math.sqrt(i))),
  );
  const larger = new Uint8Array(bytes.length + 20).fill(0xff);
  larger.set(bytes, 13);
  const { values: out } = decode(larger.subarray(13, 13 + bytes.length));
  expect(out[99]).toBe(Math.sqrt(99));
});

test("refuses what is no chunk's input", () => {
  const two = Float64Array.of(1, 2);
  expect(() => encodeChunk(Float64Array.of(2, 1), two)).toThrow("timestamp 1 after 2");
  expect(() => encodeChunk(Float64Array.of(1, 1.5), two)).toThrow("timestamp 1.5");
  expect(() => encodeChunk(Float64Array.of(-1, 1), two)).toThrow("timestamp -1");
  expect(() => encodeChunk(two, two, 0)).toThrow("chunk of 0 samples");
  expect(() => encodeChunk(two, two, 3)).toThrow("2 timestamps");
  expect(() => encodeChunk(new Float64Array(MAX_CHUNK_SAMPLES + 1), two)).toThrow(RangeError);
});

describe("damaged bytes", () => {
  const originals = [
    fill(1, () => 1),
    fill(5, (i) => i * 1.5),
    fill(180, () => 7),
    fill(180, (i) => i * 1000 + ((i * 7919) % 100)),
    fill(180, (i) => (i % 9 === 0 ? Number.NaN : ((i * 7919) % 1000) / 100)),
    fill(180, (i) => Math.sin(i)),
    fill(180, (i) => i * 2 ** 38),
  ].flatMap((samples) => [
    encodeChunk(Float64Array.from(regular(samples.length)), Float64Array.from(samples)),
    encodeChunk(
      Float64Array.from(regular(samples.length), (t, i) => t + (i % 13)),
      Float64Array.from(samples),
    ),
  ]);
  const timestamps = new Float64Array(MAX_CHUNK_SAMPLES);
  const out = new Float64Array(MAX_CHUNK_SAMPLES);

  /** Either decodes or throws a ChunkError. */
  function attempt(bytes: Uint8Array): void {
    for (const read of [() => chunkSummary(bytes), () => decodeChunk(bytes, timestamps, out, 0)]) {
      try {
        read();
      } catch (error) {
        if (!(error instanceof ChunkError)) throw error;
      }
    }
  }

  test("every truncation is an error", () => {
    for (const original of originals)
      for (let length = 0; length < original.length; length++)
        expect(() => decodeChunk(original.subarray(0, length), timestamps, out, 0)).toThrow(ChunkError);
  });

  test("trailing bytes are an error", () => {
    for (const original of originals)
      expect(() => decodeChunk(Uint8Array.of(...original, 0), timestamps, out, 0)).toThrow(ChunkError);
  });

  test("100,000 mutations decode or are refused", () => {
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let run = 0; run < 100_000; run++) {
      const bytes = originals[run % originals.length]!.slice();
      for (let changes = 1 + random(3); changes > 0; changes--) {
        // Most damage goes to the head, where it decides what is read next.
        const at = random(random(2) === 0 ? Math.min(bytes.length, 24) : bytes.length);
        bytes[at] = random(256);
      }
      attempt(bytes.subarray(0, random(8) === 0 ? random(bytes.length + 1) : bytes.length));
    }
  });

  test("arbitrary bytes decode or are refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = (bytes[0]! & 0x1b) | 0x20;
        attempt(bytes);
      }),
      { numRuns: 5000 },
    );
  });
});

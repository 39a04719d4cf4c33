import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  COMPLETE,
  decodeColumns,
  decodeValues,
  encodeStale,
  encodeValues,
  PARTIAL,
  valuesFault,
} from "../../src/wire/values.ts";

const VALUE = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: 0, max: 70_000 }),
  fc.integer({ min: 0, max: 2 ** 33 }),
  fc.constantFrom(0, -0, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1, Number.MIN_VALUE, Number.MAX_VALUE),
  fc.constant(Number.NaN),
);
const VALUES = fc.array(VALUE, { maxLength: 70 });

function decoded(payload: Uint8Array, n: number): number[] {
  const out = new Float64Array(n);
  decodeValues(payload, n, out);
  return [...out];
}

test("values come back bit for bit, absent ones as NaN, and the payload is valid", () => {
  fc.assert(
    fc.property(VALUES, (values) => {
      const payload = encodeValues(values);
      expect(valuesFault(payload, values.length)).toBeUndefined();
      expect(decoded(payload, values.length)).toEqual(values);
    }),
    { numRuns: 2000 },
  );
});

test("chosen columns are what the whole decodes to there", () => {
  fc.assert(
    fc.property(VALUES, fc.infiniteStream(fc.boolean()), (values, choose) => {
      const payload = encodeValues(values);
      const columns = Uint32Array.from([...values.keys()].filter(() => choose.next().value));
      const out = new Float64Array(2 * columns.length + 1).fill(-7);
      // The payload lies among others, as in a block of the head.
      const bytes = new Uint8Array(payload.length + 11);
      bytes.set(payload, 5);
      const memory = { bytes, view: new DataView(bytes.buffer) };
      decodeColumns(memory, 5, values.length, columns, out, 1, 2);
      expect([...columns].map((_, k) => out[1 + 2 * k]!)).toEqual([...columns].map((i) => values[i]!));
    }),
    { numRuns: 500 },
  );
});

test("a stale payload says NaN for its columns and is not accepted from an agent", () => {
  const payload = encodeStale(9, [0, 3, 8]);
  expect(payload[0]).toBe(PARTIAL);
  expect(decoded(payload, 9).every(Number.isNaN)).toBe(true);
  expect(valuesFault(payload, 9)).toBe("payload form 1 is not known");
});

test("garbage is refused without a throw, and what passes decodes to finite values or none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 40 }), (bytes, n) => {
      if (bytes.length > 0) bytes[0] = COMPLETE;
      if (valuesFault(bytes, n) !== undefined) return;
      for (const value of decoded(bytes, n)) expect(Math.abs(value)).not.toBe(Number.POSITIVE_INFINITY);
    }),
    { numRuns: 3000 },
  );
});

test("a valid payload with any one bit changed still decodes without a throw when it passes", () => {
  fc.assert(
    fc.property(VALUES, fc.nat(), (values, bit) => {
      const payload = encodeValues(values);
      payload[(bit >> 3) % payload.length]! ^= 1 << (bit & 7);
      if (valuesFault(payload, values.length) !== undefined) return;
      expect(decoded(payload, values.length)).toHaveLength(values.length);
    }),
    { numRuns: 2000 },
  );
});

test.each([1, 2, 3, 5, 6, 7])(
  "class bits beyond the last of %i series are refused, with and without the bytes they ask for",
  (n) => {
    for (const kind of [1, 2, 3]) {
      const payload = new Uint8Array([
        ...encodeValues(new Array(n).fill(1)),
        ...new Uint8Array([0, 2, 4, 8][kind]!),
      ]);
      payload[(n + 3) >> 2]! |= kind << ((n & 3) * 2);
      expect(valuesFault(payload, n)).toBe(`payload has values beyond its ${n} series`);
      expect(valuesFault(payload.subarray(0, -1), n)).toBeDefined();
    }
  },
);

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "%d as a value is refused, wherever it stands",
  (hostile) => {
    for (let at = 0; at < 9; at++) {
      const payload = encodeValues(Array.from({ length: 9 }, (_, i) => i + 0.5));
      new DataView(payload.buffer).setFloat64(payload.length - 8 * (9 - at), hostile, true);
      expect(valuesFault(payload, 9)).toBe("a value is not finite");
    }
  },
);

test("a NaN with any payload bits is refused", () => {
  const payload = encodeValues([0.5]);
  new DataView(payload.buffer).setBigUint64(2, 0xfff0_0000_0000_0001n, true);
  expect(valuesFault(payload, 1)).toBe("a value is not finite");
});

test("too few and too many bytes are refused with both numbers", () => {
  const payload = encodeValues([1, 70_000, 0.5]);
  expect(valuesFault(payload.subarray(0, -1), 3)).toBe("payload has 15 bytes, its classes ask for 16");
  expect(valuesFault(new Uint8Array([...payload, 0]), 3)).toBe(
    "payload has 17 bytes, its classes ask for 16",
  );
  expect(valuesFault(payload.subarray(0, 1), 3)).toBe("payload of 1 bytes is too short for 3 series");
  expect(valuesFault(new Uint8Array(0), 0)).toBe("payload of 0 bytes is too short for 0 series");
});

test("small whole numbers take two or four bytes", () => {
  expect(encodeValues([1, 65_535, 65_536, 2 ** 32 - 1]).length).toBe(1 + 1 + 2 + 2 + 4 + 4);
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeFrame,
  FRAME_HEADER_BYTES,
  framePayload,
  MAX_LAYOUT_INDEX,
  readFrameHeader,
} from "../../src/wire/frame.ts";

const HEADERS = fc.record({
  layoutIndex: fc.integer({ min: 0, max: MAX_LAYOUT_INDEX }),
  timestamp: fc.maxSafeNat(),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
});

test("a frame comes back as it was", () => {
  fc.assert(
    fc.property(HEADERS, fc.uint8Array({ maxLength: 64 }), (header, payload) => {
      const bytes = encodeFrame(header, payload);
      expect(readFrameHeader(bytes)).toEqual({ ok: true, header });
      expect(framePayload(bytes)).toEqual(payload);
    }),
  );
});

test("a frame is read where it lies in a larger buffer", () => {
  const header = { layoutIndex: 7, timestamp: 1_700_000_000_123, sequence: 42 };
  const buffer = new Uint8Array(100);
  buffer.set(encodeFrame(header, new Uint8Array([1, 2, 3])), 13);
  const frame = buffer.subarray(13, 13 + FRAME_HEADER_BYTES + 3);
  expect(readFrameHeader(frame)).toEqual({ ok: true, header });
  expect([...framePayload(frame)]).toEqual([1, 2, 3]);
});

test("garbage never throws, and what is accepted is in range", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const read = readFrameHeader(bytes);
      if (!read.ok) return expect(read.fault.length).toBeLessThan(100);
      expect(Number.isSafeInteger(read.header.sequence) && read.header.sequence >= 1).toBe(true);
      expect(Number.isSafeInteger(read.header.timestamp) && read.header.timestamp >= 0).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

const spoiled = (change: (view: DataView) => void) => {
  const bytes = encodeFrame({ layoutIndex: 0, timestamp: 1000, sequence: 1 }, new Uint8Array(0));
  change(new DataView(bytes.buffer));
  return bytes;
};

test.each([
  ["another kind", spoiled((view) => view.setUint8(0, 2)), "frame kind 2 is not known"],
  ["flags", spoiled((view) => view.setUint8(1, 1)), "frame flags 1 are not known"],
  [
    "an infinite timestamp",
    spoiled((view) => view.setFloat64(4, Number.POSITIVE_INFINITY, true)),
    "timestamp Infinity",
  ],
  ["a timestamp that is NaN", spoiled((view) => view.setFloat64(4, Number.NaN, true)), "timestamp NaN"],
  ["a timestamp before 1970", spoiled((view) => view.setFloat64(4, -1, true)), "timestamp -1"],
  ["half a millisecond", spoiled((view) => view.setFloat64(4, 0.5, true)), "timestamp 0.5"],
  ["sequence 0", spoiled((view) => view.setFloat64(12, 0, true)), "sequence 0"],
  ["a sequence that is NaN", spoiled((view) => view.setFloat64(12, Number.NaN, true)), "sequence NaN"],
  [
    "a sequence beyond the integers",
    spoiled((view) => view.setFloat64(12, 2 ** 53, true)),
    "sequence 9007199254740992",
  ],
  ["19 bytes", spoiled(() => {}).subarray(0, 19), "frame of 19 bytes is shorter than its header"],
])("%s is refused and named", (_, bytes, fault) => {
  expect(readFrameHeader(bytes)).toEqual({ ok: false, fault: expect.stringContaining(fault) });
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { ByteReader, ByteWriter, ChunkError } from "../../../src/store/codec/bytes.ts";
import { readNumber, writeNumber } from "../../../src/store/codec/number.ts";

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
}

test("varints take a byte for every seven bits", () => {
  const f = (value: number, size: number) => {
    const bytes = written((writer) => writer.varint(value));
    expect(bytes.length).toBe(size);
    expect(new ByteReader(bytes).varint()).toBe(value);
  };
  f(0, 1);
  f(127, 1);
  f(128, 2);
  f(2 ** 31 - 1, 5);
  f(2 ** 31, 5);
  f(2 ** 42 - 1, 6);
  f(2 ** 53 - 1, 8);
  f(2 ** 60 + 2 ** 10, 9);
});

test("signed integers and numbers of every size come back", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.double({ noNaN: true }), (integer, double) => {
      expect(new ByteReader(written((writer) => writer.signed(integer))).signed()).toBe(integer);
      for (const value of [double, integer, integer / 1000])
        expect(readNumber(new ByteReader(written((writer) => writeNumber(writer, value))))).toBe(value);
    }),
  );
});

test("short decimals are short", () => {
  const sizeOf = (value: number) => written((writer) => writeNumber(writer, value)).length;
  expect([0, 3, -3, 0.3, 36.6, 511, 4096, 1e9, Math.PI, -0].map(sizeOf)).toEqual([
    1, 1, 1, 1, 2, 2, 3, 5, 9, 9,
  ]);
});

test("reading stops at the end of the bytes", () => {
  expect(() => new ByteReader(Uint8Array.of(0x80)).varint()).toThrow(ChunkError);
  expect(() => new ByteReader(new Uint8Array(20).fill(0x80)).varint()).toThrow("more than 10 bytes");
  expect(() => new ByteReader(new Uint8Array(7)).f64()).toThrow("7 bytes left, 8 were announced");
});

import { expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../../src/store/codec/bytes.ts";
import { ColumnPlanner, MAX_WIDTH, readColumn, writeColumn } from "../../../src/store/codec/column.ts";

function write(slots: number[]): Uint8Array {
  const column = Float64Array.from(slots);
  const plan = new ColumnPlanner().plan(column, column.length)!;
  const writer = new ByteWriter();
  writer.reset(1024 + 24 * slots.length);
  writeColumn(writer, column, column.length, plan);
  return writer.take();
}

function read(bytes: Uint8Array, n: number): number[] {
  const out = new Float64Array(n + 2);
  const reader = new ByteReader(bytes);
  readColumn(reader, n, out, 1);
  reader.end();
  return [...out.subarray(1, n + 1)];
}

test("columns of every width and of lengths around a byte come back", () => {
  for (let width = 0; width <= MAX_WIDTH; width++)
    for (const n of [1, 2, 3, 7, 8, 9, 31, 100]) {
      const slots = Array.from({ length: n }, (_, i) => (i % 3 === 1 ? 0 : 2 ** width - 1 - (i % 2)));
      const inRange = slots.map((slot) => Math.max(0, slot));
      expect(read(write(inRange), n)).toEqual(inRange);
    }
});

test("rare large slots become patches", () => {
  const slots = Array.from({ length: 400 }, (_, i) => (i % 100 === 50 ? 2 ** 40 + i : i % 4));
  const bytes = write(slots);
  expect(bytes.length).toBeLessThan(400 / 4 + 40);
  expect(read(bytes, 400)).toEqual(slots);
});

test("a slot of 2^49 or more has no plan", () => {
  const planner = new ColumnPlanner();
  expect(planner.plan(Float64Array.of(2 ** 49 - 1), 1)).toBeDefined();
  expect(planner.plan(Float64Array.of(0, 2 ** 49), 2)).toBeUndefined();
  expect(planner.plan(Float64Array.of(2 ** 53), 1)).toBeUndefined();
});

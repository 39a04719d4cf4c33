import { type ByteReader, type ByteWriter, ChunkError } from "./bytes.ts";
import { type ColumnPlanner, readColumn, writeColumn } from "./column.ts";

/**
 * Timestamps, strictly increasing non-negative safe integers.
 *
 *     regular     varint first; if n > 1: varint step
 *     irregular   varint first, varint (last − first), varint smallest step,
 *                 varint common factor of what steps exceed it by, column of n − 1 (excess / factor)
 */

/** How the timestamps of a chunk are laid out, enough to know where it begins and ends. */
export interface Span {
  first: number;
  last: number;
  /** Set when every step is the same; 0 for a single sample. */
  step: number | undefined;
}

/** The one step between all of them (0 for a single one), or undefined. */
export function regularStep(timestamps: Float64Array, n: number): number | undefined {
  if (n === 1) return 0;
  const step = timestamps[1]! - timestamps[0]!;
  for (let i = 2; i < n; i++) if (timestamps[i]! - timestamps[i - 1]! !== step) return undefined;
  return step;
}

export function writeRegular(writer: ByteWriter, first: number, step: number): void {
  writer.varint(first);
  if (step > 0) writer.varint(step);
}

/** @param slots scratch for n numbers */
export function writeIrregular(
  writer: ByteWriter,
  timestamps: Float64Array,
  n: number,
  slots: Float64Array,
  planner: ColumnPlanner,
): void {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 1; i < n; i++) {
    const step = timestamps[i]! - timestamps[i - 1]!;
    slots[i - 1] = step;
    if (step < smallest) smallest = step;
  }
  let factor = 0;
  for (let i = 0; i < n - 1; i++) {
    const excess = slots[i]! - smallest;
    slots[i] = excess;
    if (excess !== 0 && factor !== 1) factor = greatestCommonDivisor(factor, excess);
  }
  for (let i = 0; i < n - 1; i++) slots[i]! /= factor;
  writer.varint(timestamps[0]!);
  writer.varint(timestamps[n - 1]! - timestamps[0]!);
  writer.varint(smallest);
  writer.varint(factor);
  const plan = planner.plan(slots, n - 1);
  if (plan === undefined)
    throw new RangeError("timestamps of one chunk must lie within 2^49 ms of each other");
  writeColumn(writer, slots, n - 1, plan);
}

/** Integers, both ≥ 0 and not both 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Reads what precedes the column of steps. */
export function readSpan(reader: ByteReader, n: number, irregular: boolean): Span {
  const first = reader.varint();
  if (irregular) return { first, last: checked(first + reader.varint()), step: undefined };
  const step = n > 1 ? reader.varint() : 0;
  return { first, last: checked(first + step * (n - 1)), step };
}

function checked(last: number): number {
  if (last > Number.MAX_SAFE_INTEGER) throw new ChunkError(`last timestamp ${last} is not a safe integer`);
  return last;
}

/** Reads the column that follows an irregular span. */
export function readIrregular(
  reader: ByteReader,
  n: number,
  span: Span,
  out: Float64Array,
  offset: number,
): void {
  const smallest = reader.varint();
  const factor = reader.varint();
  readColumn(reader, n - 1, out, offset + 1);
  let timestamp = span.first;
  out[offset] = timestamp;
  for (let i = offset + 1; i < offset + n; i++) {
    timestamp += smallest + out[i]! * factor;
    out[i] = timestamp;
  }
  if (timestamp !== span.last)
    throw new ChunkError(`timestamps end at ${timestamp}, the chunk says ${span.last}`);
}

export function fillRegular(n: number, first: number, step: number, out: Float64Array, offset: number): void {
  for (let i = 0; i < n; i++) out[offset + i] = first + i * step;
}

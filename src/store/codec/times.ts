import { type ByteReader, type ByteWriter, ChunkError } from "./bytes.ts";
import { type ColumnPlanner, readColumn, writeColumn } from "./column.ts";

/**
 * Timestamps, strictly increasing non-negative safe integers. The span stands before the values, the steps behind.
 *
 *     span, regular     varint first; if n > 1: varint step
 *     span, irregular   varint first, varint (last − first)
 *     steps             if irregular: varint smallest step, varint common factor of what steps exceed it by,
 *                       column of n − 1 (excess / factor)
 */

/** How the timestamps of a chunk are laid out, enough to know where it begins and ends. */
export interface Span {
  first: number;
  last: number;
  /** Set when every step is the same; 0 for a single sample. */
  step: number | undefined;
}

/**
 * The one step between all timestamps (0 for a single one), or undefined when they have no such step.
 * @throws RangeError when they are not strictly increasing non-negative safe integers.
 */
export function checkedStep(timestamps: Float64Array, n: number): number | undefined {
  const first = timestamps[0]!;
  const step = n > 1 ? timestamps[1]! - first : 0;
  let i = 1;
  while (i < n && timestamps[i]! - timestamps[i - 1]! === step) i++;
  const regular = i === n && (step > 0 || n === 1) && Number.isSafeInteger(step);
  if (regular && first >= 0 && Number.isSafeInteger(first) && Number.isSafeInteger(timestamps[n - 1]))
    return step;
  let previous = -1;
  for (const timestamp of timestamps.subarray(0, n)) {
    if (!(timestamp > previous && Number.isSafeInteger(timestamp)))
      throw new RangeError(
        `Cannot encode timestamp ${timestamp} after ${previous}: it must be a greater integer`,
      );
    previous = timestamp;
  }
  return undefined;
}

export function writeSpan(
  writer: ByteWriter,
  timestamps: Float64Array,
  n: number,
  step: number | undefined,
): void {
  const first = timestamps[0]!;
  writer.varint(first);
  if (step === undefined) writer.varint(timestamps[n - 1]! - first);
  else if (n > 1) writer.varint(step);
}

/**
 * @param slots scratch for n numbers
 * @throws RangeError when two neighbours are 2^49 ms or more apart.
 */
export function writeSteps(
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
    if (factor !== 1 && excess !== 0) factor = greatestCommonDivisor(excess, factor);
  }
  for (let i = 0; i < n - 1; i++) slots[i]! /= factor;
  const plan = planner.plan(slots, n - 1);
  if (plan === undefined)
    throw new RangeError("Cannot encode a chunk: two timestamps are 2^49 ms or more apart");
  writer.varint(smallest);
  writer.varint(factor);
  writeColumn(writer, slots, n - 1, plan);
}

/** Integers, both ≥ 0 and not both 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

export function readSpan(reader: ByteReader, n: number, irregular: boolean): Span {
  const first = reader.varint();
  let step: number | undefined;
  let length = 0;
  if (irregular) length = reader.varint();
  else {
    step = n > 1 ? reader.varint() : 0;
    length = step * (n - 1);
  }
  const last = first + length;
  if (last > Number.MAX_SAFE_INTEGER || length < n - 1)
    throw new ChunkError(`${n} timestamps cannot lie between ${first} and ${last}`);
  return { first, last, step };
}

/** Writes all timestamps to `out[offset … offset + n)`. */
export function readTimes(
  reader: ByteReader,
  n: number,
  span: Span,
  out: Float64Array,
  offset: number,
): void {
  const { first, step } = span;
  if (step === undefined) {
    readSteps(reader, n, span, out, offset);
    return;
  }
  let timestamp = first;
  for (let i = offset; i < offset + n; i++) {
    out[i] = timestamp;
    timestamp += step;
  }
}

function readSteps(reader: ByteReader, n: number, span: Span, out: Float64Array, offset: number): void {
  const smallest = reader.varint();
  const factor = reader.varint();
  if (smallest === 0) throw new ChunkError("timestamps do not increase");
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

import { type ByteReader, type ByteWriter, ChunkError } from "./bytes.ts";
import { type ColumnPlan, type ColumnPlanner, readColumn, writeColumn } from "./column.ts";
import {
  EXPONENT_MASK,
  MAX_EXPONENT,
  PACKED_DELTAS,
  PACKED_FACTOR,
  PACKED_RESETS,
  PACKED_WIDE_SUMS,
  POWERS_OF_TEN,
  SHORT_CHUNK,
} from "./layout.ts";
import { decimalExponent, isDecimal } from "./number.ts";
import type { ValueSummary } from "./summary.ts";
import { greatestCommonDivisor } from "./times.ts";

/**
 * Values that are integers divided by one power of ten: value = (first + factor · u) / 10^exponent, u[0] = 0.
 *
 *     u8              bits 0–3 exponent, bit 4 deltas, bit 5 resets, bit 6 factor present, bit 7 sums as float64
 *     signed          first
 *     varint          factor, if present (else 1)
 *     summary         if more than SHORT_CHUNK values; in units of u:
 *       no resets       varint last
 *       resets          varint −min, varint max, varint (last − min), varint resets,
 *                       sum over resets of (value before it − min): varint, or f64 if sums are wide
 *       always          sum of (u − min): varint, or f64 if sums are wide
 *     base            deltas: signed smallest delta; else, if the chunk is short: varint −min
 *     column          deltas: m − 1 × (delta − smallest); else m × (u − min)
 */
export class PackedEncoder {
  private integers = new Float64Array(0);
  private slots = new Float64Array(0);
  private otherSlots = new Float64Array(0);

  constructor(private readonly planner: ColumnPlanner) {}

  /** Writes `values[0 … m)` and returns true, or writes nothing and returns false when they are not such integers. */
  write(writer: ByteWriter, values: Float64Array, m: number): boolean {
    this.reserve(m);
    const exponent = scaleToIntegers(values, m, this.integers);
    if (exponent < 0) return false;
    const first = this.integers[0]!;
    const shape = relateToFirst(this.integers, m);
    if (shape === undefined) return false;
    const choice = this.choose(m, shape);
    if (choice === undefined) return false;

    writer.u8(
      exponent |
        (choice.deltas ? PACKED_DELTAS : 0) |
        (shape.resets > 0 ? PACKED_RESETS : 0) |
        (shape.factor !== 1 ? PACKED_FACTOR : 0) |
        (shape.wide ? PACKED_WIDE_SUMS : 0),
    );
    writer.signed(first);
    if (shape.factor !== 1) writer.varint(shape.factor);
    if (m > SHORT_CHUNK) writeSummary(writer, shape);
    if (choice.deltas) writer.signed(shape.minDelta);
    else if (m <= SHORT_CHUNK) writer.varint(-shape.min);
    writeColumn(writer, choice.slots, choice.deltas ? m - 1 : m, choice.plan);
    return true;
  }

  private reserve(m: number): void {
    if (this.integers.length >= m) return;
    this.integers = new Float64Array(m);
    this.slots = new Float64Array(m);
    this.otherSlots = new Float64Array(m);
  }

  private choose(
    m: number,
    shape: Shape,
  ): { deltas: boolean; slots: Float64Array; plan: ColumnPlan } | undefined {
    const { integers, slots, otherSlots } = this;
    const { min, minDelta } = shape;
    for (let i = 1; i < m; i++) slots[i - 1] = integers[i]! - integers[i - 1]! - minDelta;
    const deltas = this.planner.plan(slots, m - 1);
    // What only rises is shorter as deltas, but for noise around the same few values.
    if (shape.resets === 0) return deltas && { deltas: true, slots, plan: deltas };
    for (let i = 0; i < m; i++) otherSlots[i] = integers[i]! - min;
    const direct = this.planner.plan(otherSlots, m);
    if (direct === undefined || (deltas !== undefined && deltas.bits <= direct.bits))
      return deltas && { deltas: true, slots, plan: deltas };
    return { deltas: false, slots: otherSlots, plan: direct };
  }
}

/** Sets `out[i] = values[i] · 10^exponent` for the smallest exponent that makes all of them integers; −1 when none does. */
function scaleToIntegers(values: Float64Array, m: number, out: Float64Array): number {
  let exponent = decimalExponent(values[0]!, 0);
  while (exponent >= 0) {
    const misfit = scaleBy(values, m, exponent, out);
    if (misfit === m) return exponent;
    exponent = decimalExponent(values[misfit]!, exponent + 1);
  }
  return -1;
}

/** Returns the index of the first value that is no integer at this scale, or m. */
function scaleBy(values: Float64Array, m: number, exponent: number, out: Float64Array): number {
  const scale = POWERS_OF_TEN[exponent]!;
  for (let i = 0; i < m; i++) {
    const value = values[i]!;
    if (!isDecimal(value, scale)) return i;
    out[i] = scale === 1 ? value : Math.round(value * scale);
  }
  return m;
}

/** What the encoder learns of integers while it makes them relative to the first, in units of u. */
interface Shape {
  factor: number;
  min: number;
  max: number;
  last: number;
  minDelta: number;
  resets: number;
  /** Sum of (u − min) over all, and over the values before each reset. */
  sum: number;
  beforeResets: number;
  /** Set when a sum may not fit an integer of 53 bits. */
  wide: boolean;
}

/** Replaces integers by u; undefined when a difference is not exact. */
function relateToFirst(integers: Float64Array, m: number): Shape | undefined {
  const first = integers[0]!;
  let factor = 0;
  let largest = 0;
  for (let i = 0; i < m; i++) {
    const difference = integers[i]! - first;
    if (first + difference !== integers[i]!) return undefined;
    integers[i] = difference;
    const magnitude = Math.abs(difference);
    if (magnitude > largest) largest = magnitude;
    if (factor === 1 || magnitude === 0) continue;
    // Exact below 2^53: a quotient that is no integer is at least 1/factor away from one.
    const quotient = factor === 0 ? 0.5 : magnitude / factor;
    if (quotient !== Math.floor(quotient)) factor = greatestCommonDivisor(magnitude, factor);
  }
  if (largest >= 2 ** 52) return undefined;
  if (factor > 1) for (let i = 0; i < m; i++) integers[i]! /= factor;

  let min = 0;
  let max = 0;
  let minDelta = Number.POSITIVE_INFINITY;
  let resets = 0;
  let sum = 0;
  let beforeResets = 0;
  let previous = 0;
  for (let i = 1; i < m; i++) {
    const u = integers[i]!;
    const delta = u - previous;
    if (delta < minDelta) minDelta = delta;
    if (delta < 0) {
      resets++;
      beforeResets += previous;
      if (u < min) min = u;
    } else if (u > max) max = u;
    sum += u;
    previous = u;
  }
  return {
    factor,
    min,
    max,
    last: previous,
    minDelta,
    resets,
    sum: sum - m * min,
    beforeResets: beforeResets - resets * min,
    wide: (largest / factor) * m >= 2 ** 51,
  };
}

function writeSummary(writer: ByteWriter, shape: Shape): void {
  if (shape.resets === 0) writer.varint(shape.last);
  else {
    writer.varint(-shape.min);
    writer.varint(shape.max);
    writer.varint(shape.last - shape.min);
    writer.varint(shape.resets);
    writeSum(writer, shape.beforeResets, shape.wide);
  }
  writeSum(writer, shape.sum, shape.wide);
}

function writeSum(writer: ByteWriter, sum: number, wide: boolean): void {
  if (wide) writer.f64(sum);
  else writer.varint(sum);
}

/** The head of packed values: everything before the column. */
export interface PackedHead {
  deltas: boolean;
  scale: number;
  first: number;
  factor: number;
  /** Absent in short chunks. */
  summary: ValueSummary | undefined;
  /** What a slot of zero stands for: the smallest delta, or the smallest u. */
  base: number;
}

export function readPackedHead(reader: ByteReader, m: number): PackedHead {
  const flags = reader.u8();
  const exponent = flags & EXPONENT_MASK;
  if (exponent > MAX_EXPONENT) throw new ChunkError(`decimal exponent ${exponent} is not known`);
  const scale = POWERS_OF_TEN[exponent]!;
  const deltas = (flags & PACKED_DELTAS) !== 0;
  const first = reader.signed();
  const factor = flags & PACKED_FACTOR ? reader.varint() : 1;
  let min = 0;
  let summary: ValueSummary | undefined;
  if (m > SHORT_CHUNK) {
    const wide = (flags & PACKED_WIDE_SUMS) !== 0;
    let max = 0;
    let last = 0;
    let resets = 0;
    let beforeResets = 0;
    if (flags & PACKED_RESETS) {
      min = -reader.varint();
      max = reader.varint();
      last = reader.varint() + min;
      resets = reader.varint();
      beforeResets = readSum(reader, wide);
    } else {
      last = reader.varint();
      max = last;
    }
    const sum = readSum(reader, wide);
    summary = {
      present: m,
      firstValue: first / scale,
      lastValue: (first + factor * last) / scale,
      min: (first + factor * min) / scale,
      max: (first + factor * max) / scale,
      sum: (m * first + factor * (sum + m * min)) / scale,
      increase: (factor * last + resets * first + factor * (beforeResets + resets * min)) / scale,
      resets,
    };
  } else if (!deltas) min = -reader.varint();
  return { deltas, scale, first, factor, summary, base: deltas ? reader.signed() : min };
}

function readSum(reader: ByteReader, wide: boolean): number {
  return wide ? reader.f64() : reader.varint();
}

/** Reads the column behind `head` into `out[offset … offset + m)`. */
export function readPacked(
  reader: ByteReader,
  m: number,
  head: PackedHead,
  out: Float64Array,
  offset: number,
): void {
  const { deltas, scale, first, factor, base } = head;
  const end = offset + m;
  if (!deltas) {
    readColumn(reader, m, out, offset);
    for (let i = offset; i < end; i++) out[i] = (first + factor * (base + out[i]!)) / scale;
    return;
  }
  readColumn(reader, m - 1, out, offset + 1);
  out[offset] = first / scale;
  let u = 0;
  for (let i = offset + 1; i < end; i++) {
    u += base + out[i]!;
    out[i] = (first + factor * u) / scale;
  }
}

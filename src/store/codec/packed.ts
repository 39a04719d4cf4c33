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
import { decimalExponent } from "./number.ts";
import type { ValueSummary } from "./summary.ts";
import { greatestCommonDivisor } from "./times.ts";

/** Whole numbers may be this large: those beyond 2^53 are still told exactly by their distance from the first. */
const INTEGER_LIMIT = 2 ** 63;
/** Scaled numbers and distances stay so small that no sum or difference of two of them is rounded. */
const SCALED_LIMIT = 2 ** 52;

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
 *     then one of
 *       deltas, no resets   varint smallest delta; column of m − 1 × (delta − smallest)
 *       deltas, resets      column of m − 1 × zigzag(delta): 0, −1, 1, −2 … as 0, 1, 2, 3 …
 *       no deltas           if the chunk is short: varint −min; column of m × (u − min)
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
    if (choice.deltas && shape.resets === 0) writer.varint(shape.minDelta);
    if (!choice.deltas && m <= SHORT_CHUNK) writer.varint(-shape.min);
    writeColumn(writer, choice.slots, choice.deltas ? m - 1 : m, choice.plan);
    return true;
  }

  private reserve(m: number): void {
    if (this.integers.length >= m) return;
    this.integers = new Float64Array(m);
    this.slots = new Float64Array(m);
    this.otherSlots = new Float64Array(m);
  }

  /** What only rises is told by its steps; what also falls by its steps or by its height, whichever is shorter. */
  private choose(
    m: number,
    shape: Shape,
  ): { deltas: boolean; slots: Float64Array; plan: ColumnPlan } | undefined {
    const { integers, slots, otherSlots } = this;
    if (shape.resets === 0) {
      for (let i = 1; i < m; i++) slots[i - 1] = integers[i]! - integers[i - 1]! - shape.minDelta;
      const plan = this.planner.plan(slots, m - 1);
      return plan && { deltas: true, slots, plan };
    }
    for (let i = 1; i < m; i++) {
      const delta = integers[i]! - integers[i - 1]!;
      slots[i - 1] = delta < 0 ? -2 * delta - 1 : 2 * delta;
    }
    const steps = this.planner.plan(slots, m - 1);
    for (let i = 0; i < m; i++) otherSlots[i] = integers[i]! - shape.min;
    const heights = this.planner.plan(otherSlots, m);
    if (steps !== undefined && (heights === undefined || steps.bits <= heights.bits))
      return { deltas: true, slots, plan: steps };
    return heights && { deltas: false, slots: otherSlots, plan: heights };
  }
}

/** Sets `out[i] = values[i] · 10^exponent` for the smallest exponent that makes all of them integers; −1 when none does. */
function scaleToIntegers(values: Float64Array, m: number, out: Float64Array): number {
  let exponent = decimalExponent(values[0]!, 0);
  while (exponent >= 0) {
    const misfit = exponent === 0 ? copyIntegers(values, m, out) : scaleBy(values, m, exponent, out);
    if (misfit === m) return exponent;
    exponent = decimalExponent(values[misfit]!, exponent + 1);
  }
  return -1;
}

/** Returns the index of the first value that is no integer, or m. */
function copyIntegers(values: Float64Array, m: number, out: Float64Array): number {
  for (let i = 0; i < m; i++) {
    const value = values[i]!;
    if (
      Math.floor(value) !== value ||
      (value === 0 && Object.is(value, -0)) ||
      Math.abs(value) >= INTEGER_LIMIT
    )
      return i;
    out[i] = value;
  }
  return m;
}

/** Returns the index of the first value that is no integer at this scale, or m. */
function scaleBy(values: Float64Array, m: number, exponent: number, out: Float64Array): number {
  const scale = POWERS_OF_TEN[exponent]!;
  for (let i = 0; i < m; i++) {
    const value = values[i]!;
    const integer = Math.round(value * scale);
    if (
      integer / scale !== value ||
      (value === 0 && Object.is(value, -0)) ||
      Math.abs(integer) >= SCALED_LIMIT
    )
      return i;
    out[i] = integer;
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
  if (largest >= SCALED_LIMIT) return undefined;

  let min = 0;
  let max = 0;
  let minDelta = Number.POSITIVE_INFINITY;
  let resets = 0;
  let sum = 0;
  let beforeResets = 0;
  let previous = 0;
  for (let i = 1; i < m; i++) {
    const u = factor === 1 ? integers[i]! : integers[i]! / factor;
    integers[i] = u;
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
interface PackedHead {
  slots: "rises" | "zigzag" | "heights";
  scale: number;
  first: number;
  factor: number;
  /** Absent in short chunks. */
  summary: ValueSummary | undefined;
  /** What a slot of zero stands for: the smallest delta (of rises) or the smallest u (of heights). */
  base: number;
}

export function readPackedHead(reader: ByteReader, m: number): PackedHead {
  const flags = reader.u8();
  const exponent = flags & EXPONENT_MASK;
  if (exponent > MAX_EXPONENT) throw new ChunkError(`decimal exponent ${exponent} is not known`);
  const scale = POWERS_OF_TEN[exponent]!;
  const falls = (flags & PACKED_RESETS) !== 0;
  const slots = !(flags & PACKED_DELTAS) ? "heights" : falls ? "zigzag" : "rises";
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
    if (falls) {
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
  } else if (slots === "heights") min = -reader.varint();
  return { slots, scale, first, factor, summary, base: slots === "rises" ? reader.varint() : min };
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
  const end = offset + m;
  if (head.slots === "heights") {
    readColumn(reader, m, out, offset);
    for (let i = offset; i < end; i++) out[i]! += head.base;
  } else {
    out[offset] = 0;
    readColumn(reader, m - 1, out, offset + 1);
    if (head.slots === "zigzag") addZigzags(out, offset + 1, end);
    else addRises(out, offset + 1, end, head.base);
  }
  const { first, factor, scale } = head;
  if (scale === 1) for (let i = offset; i < end; i++) out[i] = first + factor * out[i]!;
  else for (let i = offset; i < end; i++) out[i] = (first + factor * out[i]!) / scale;
}

function addRises(out: Float64Array, start: number, end: number, smallest: number): void {
  let u = 0;
  for (let i = start; i < end; i++) {
    u += smallest + out[i]!;
    out[i] = u;
  }
}

function addZigzags(out: Float64Array, start: number, end: number): void {
  let u = 0;
  for (let i = start; i < end; i++) {
    const half = out[i]! / 2;
    const whole = Math.floor(half);
    u += whole === half ? half : -whole - 1;
    out[i] = u;
  }
}

import { type ByteReader, type ByteWriter, ChunkError } from "./bytes.ts";

/**
 * A column of non-negative integers below 2^49, bit-packed at one width, lowest bit first. The few values that need
 * more bits than that keep their low bits in place and the rest in a list of patches, so that one burst does not
 * widen every slot.
 *
 *     u8       bits 0–5 width w, bit 6 patched
 *     w ≤ 25   ⌈n·w/8⌉ bytes
 *     w > 25   3·n bytes: the low 24 bits; then ⌈n·(w − 24)/8⌉ bytes: the others
 *     patches  if patched: varint count, then per patch varint (slots since the previous patch), varint (value >> w)
 */
export const MAX_WIDTH = 49;
/** The widest slot that one unaligned 32-bit read can hold. */
const MAX_READ_WIDTH = 25;
const LOW_WIDTH = 24;
const LOW_UNIT = 0x100_0000;
const SLOT_LIMIT = 2 ** MAX_WIDTH;
const PATCHED = 0x40;

export interface ColumnPlan {
  width: number;
  patches: number;
  /** Estimated size; compares two ways to write the same data. */
  bits: number;
}

/** Finds the width with the smallest total. Holds the scratch histogram, so one planner serves many columns. */
export class ColumnPlanner {
  private readonly lengths = new Int32Array(64);

  /** The best plan for `slots[0 … n)`, or undefined when a slot reaches 2^49. */
  plan(slots: Float64Array, n: number): ColumnPlan | undefined {
    const longest = this.countLengths(slots, n);
    if (longest > MAX_WIDTH) return undefined;
    let best: ColumnPlan = { width: longest, patches: 0, bits: n * longest };
    let patches = 0;
    for (let width = longest - 1; width >= 0; width--) {
      patches += this.lengths[width + 1]!;
      if (patches * 16 >= best.bits) break;
      let bits = n * width + 8;
      for (let length = width + 1; length <= longest; length++)
        bits += this.lengths[length]! * (8 + 8 * Math.ceil((length - width) / 7));
      if (bits < best.bits) best = { width, patches, bits };
    }
    return best;
  }

  private countLengths(slots: Float64Array, n: number): number {
    const lengths = this.lengths.fill(0);
    let longest = 0;
    for (let i = 0; i < n; i++) {
      const length = bitLength(slots[i]!);
      lengths[length]!++;
      if (length > longest) longest = length;
    }
    return longest;
  }
}

function bitLength(value: number): number {
  if (value < 0x8000_0000) return 32 - Math.clz32(value);
  return value < SLOT_LIMIT ? 64 - Math.clz32(Math.floor(value / 0x1_0000_0000)) : 63;
}

/** Writes `slots[0 … n)` as planned; the slots are used up as scratch. */
export function writeColumn(writer: ByteWriter, slots: Float64Array, n: number, plan: ColumnPlan): void {
  const { width, patches } = plan;
  writer.u8(width | (patches > 0 ? PATCHED : 0));
  const limit = 2 ** width;
  const found: number[] = [];
  if (patches > 0) {
    let previous = 0;
    for (let i = 0; i < n; i++) {
      const slot = slots[i]!;
      if (slot < limit) continue;
      const high = Math.floor(slot / limit);
      slots[i] = slot - high * limit;
      found.push(i - previous, high);
      previous = i;
    }
  }
  if (width > MAX_READ_WIDTH) writeWide(writer, slots, n, width);
  else if (width > 0) packBits(writer, slots, n, width);
  if (patches > 0) {
    writer.varint(patches);
    for (const value of found) writer.varint(value);
  }
}

function writeWide(writer: ByteWriter, slots: Float64Array, n: number, width: number): void {
  for (let i = 0; i < n; i++) {
    const slot = slots[i]!;
    const high = Math.floor(slot / LOW_UNIT);
    const low = slot - high * LOW_UNIT;
    writer.u8(low);
    writer.u8(low >>> 8);
    writer.u8(low >>> 16);
    slots[i] = high;
  }
  packBits(writer, slots, n, width - LOW_WIDTH);
}

/** @param width 1 … 25 */
function packBits(writer: ByteWriter, slots: Float64Array, n: number, width: number): void {
  const bytes = writer.bytes;
  let at = writer.at;
  let pending = 0;
  let filled = 0;
  for (let i = 0; i < n; i++) {
    pending |= (slots[i]! | 0) << filled;
    filled += width;
    while (filled >= 8) {
      bytes[at++] = pending;
      pending >>>= 8;
      filled -= 8;
    }
  }
  if (filled > 0) bytes[at++] = pending;
  writer.at = at;
}

/** Reads a column of `n` slots into `out[offset … offset + n)`. */
export function readColumn(reader: ByteReader, n: number, out: Float64Array, offset: number): void {
  const head = reader.u8();
  const width = head & 0x3f;
  if (width > MAX_WIDTH || head > 0x7f) throw new ChunkError(`column width byte ${head} is not known`);
  if (width > MAX_READ_WIDTH) readWide(reader, n, width, out, offset);
  else if (width > 0) unpackBits(reader, n, width, out, offset);
  else out.fill(0, offset, offset + n);
  if (head & PATCHED) applyPatches(reader, n, 2 ** width, out, offset);
}

function applyPatches(reader: ByteReader, n: number, unit: number, out: Float64Array, offset: number): void {
  const patches = reader.varint();
  if (patches > n) throw new ChunkError(`column of ${n} slots has ${patches} patches`);
  let slot = 0;
  for (let i = 0; i < patches; i++) {
    slot += reader.varint();
    if (slot >= n) throw new ChunkError(`patch for slot ${slot} of ${n}`);
    out[offset + slot]! += reader.varint() * unit;
  }
}

function readWide(reader: ByteReader, n: number, width: number, out: Float64Array, offset: number): void {
  let at = reader.skip(3 * n);
  unpackBits(reader, n, width - LOW_WIDTH, out, offset);
  const bytes = reader.bytes;
  for (let i = 0; i < n; i++, at += 3) {
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    out[offset + i] = out[offset + i]! * LOW_UNIT + low;
  }
}

/** @param width 1 … 25 */
function unpackBits(reader: ByteReader, n: number, width: number, out: Float64Array, offset: number): void {
  const start = reader.skip((n * width + 7) >>> 3);
  const { bytes, view } = reader;
  const mask = (1 << width) - 1;
  const end = offset + n;
  // A 32-bit read may take in bytes behind its slot, but none behind the chunk.
  const lastWord = bytes.length - 4;
  let bit = start << 3;
  let i = offset;
  for (; i < end && bit >>> 3 <= lastWord; i++) {
    out[i] = (view.getInt32(bit >>> 3, true) >>> (bit & 7)) & mask;
    bit += width;
  }
  for (; i < end; i++) {
    out[i] = (lastBytes(bytes, bit >>> 3) >>> (bit & 7)) & mask;
    bit += width;
  }
}

/** The bytes from `at` to the end of the chunk, at most three of them. */
function lastBytes(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = at; i < bytes.length; i++) word |= bytes[i]! << (8 * (i - at));
  return word;
}

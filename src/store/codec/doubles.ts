import { type ByteReader, type ByteWriter, ChunkError } from "./bytes.ts";
import { DOUBLES_PLAIN, DOUBLES_RAW, DOUBLES_XOR, SHORT_CHUNK } from "./layout.ts";
import { summariseValues, type ValueSummary } from "./summary.ts";

/**
 * The general case: any float64. The doubles are split into eight planes, all lowest bytes first, because
 * neighbours share sign, exponent and leading mantissa; zstd then finds the repetition in each plane.
 *
 *     u8           0 raw doubles, 1 planes of the doubles, 2 planes of each double XOR the one before
 *     method 0     f64 × m; no summary is stored: it is computed
 *     method 1, 2  f64 first, last, min, max, sum, increase; varint resets; varint length; one zstd frame
 */
const ZSTD_LEVEL = 1;

export class DoublesEncoder {
  private plain = new Uint8Array(0);
  private xored = new Uint8Array(0);

  write(writer: ByteWriter, values: Float64Array, m: number): void {
    const smallest = m > SHORT_CHUNK ? this.compress(values, m) : undefined;
    if (smallest === undefined || smallest.frame.length + 50 >= 8 * m) {
      writer.u8(DOUBLES_RAW);
      for (let i = 0; i < m; i++) writer.f64(values[i]!);
      return;
    }
    writer.u8(smallest.method);
    writeSummary(writer, summariseValues(values, 0, m));
    writer.varint(smallest.frame.length);
    writer.append(smallest.frame);
  }

  private compress(values: Float64Array, m: number): { method: number; frame: Uint8Array } {
    if (this.plain.length < 8 * m) {
      this.plain = new Uint8Array(8 * m);
      this.xored = new Uint8Array(8 * m);
    }
    splitPlanes(values, m, this.plain);
    xorNeighbours(this.plain, m, this.xored);
    const plain = Bun.zstdCompressSync(this.plain.subarray(0, 8 * m), { level: ZSTD_LEVEL });
    const xored = Bun.zstdCompressSync(this.xored.subarray(0, 8 * m), { level: ZSTD_LEVEL });
    return plain.length <= xored.length
      ? { method: DOUBLES_PLAIN, frame: plain }
      : { method: DOUBLES_XOR, frame: xored };
  }
}

function splitPlanes(values: Float64Array, m: number, planes: Uint8Array): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, 8 * m);
  for (let plane = 0; plane < 8; plane++)
    for (let i = 0, at = plane * m; i < m; i++) planes[at + i] = bytes[8 * i + plane]!;
}

function xorNeighbours(planes: Uint8Array, m: number, out: Uint8Array): void {
  for (let plane = 0; plane < 8; plane++) {
    let previous = 0;
    for (let at = plane * m; at < (plane + 1) * m; at++) {
      out[at] = planes[at]! ^ previous;
      previous = planes[at]!;
    }
  }
}

function writeSummary(writer: ByteWriter, summary: ValueSummary): void {
  writer.f64(summary.firstValue);
  writer.f64(summary.lastValue);
  writer.f64(summary.min);
  writer.f64(summary.max);
  writer.f64(summary.sum);
  writer.f64(summary.increase);
  writer.varint(summary.resets);
}

export function readDoublesMethod(reader: ByteReader): number {
  const method = reader.u8();
  if (method > DOUBLES_XOR) throw new ChunkError(`method ${method} of doubles is not known`);
  return method;
}

/** The summary behind a method other than raw. */
export function readDoublesSummary(reader: ByteReader, m: number): ValueSummary {
  return {
    present: m,
    firstValue: reader.f64(),
    lastValue: reader.f64(),
    min: reader.f64(),
    max: reader.f64(),
    sum: reader.f64(),
    increase: reader.f64(),
    resets: reader.varint(),
  };
}

/** Reads what follows the summary (or a raw method) into `out[offset … offset + m)`. */
export function readDoubles(
  reader: ByteReader,
  m: number,
  method: number,
  out: Float64Array,
  offset: number,
): void {
  if (method === DOUBLES_RAW) {
    const at = reader.skip(8 * m);
    const view = reader.view;
    for (let i = 0; i < m; i++) out[offset + i] = view.getFloat64(at + 8 * i, true);
  } else {
    const length = reader.varint();
    const at = reader.skip(length);
    const planes = inflate(reader.bytes.subarray(at, at + length), 8 * m);
    if (method === DOUBLES_XOR) undoXor(planes, m);
    joinPlanes(planes, m, out, offset);
  }
  for (let i = offset; i < offset + m; i++)
    if (Number.isNaN(out[i]!)) throw new ChunkError("a value outside the stale markers is NaN");
}

function inflate(frame: Uint8Array, size: number): Uint8Array {
  if (zstdContentSize(frame) !== size) throw new ChunkError(`zstd frame does not announce ${size} bytes`);
  let planes: Uint8Array;
  try {
    planes = Bun.zstdDecompressSync(frame);
  } catch (cause) {
    throw new ChunkError("zstd frame is damaged", { cause });
  }
  if (planes.length !== size)
    throw new ChunkError(`zstd frame has ${planes.length} bytes, ${size} were expected`);
  return planes;
}

/** The size that a frame's header announces (RFC 8878, 3.1.1.1), or −1: checked before a damaged one is allocated. */
function zstdContentSize(frame: Uint8Array): number {
  if (frame.length < 16) return -1;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) return -1;
  const descriptor = frame[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (singleSegment ? 0 : 1);
  switch (descriptor >> 6) {
    case 0:
      return singleSegment ? frame[at]! : -1;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return -1;
  }
}

function undoXor(planes: Uint8Array, m: number): void {
  for (let plane = 0; plane < 8; plane++)
    for (let at = plane * m + 1; at < (plane + 1) * m; at++) planes[at]! ^= planes[at - 1]!;
}

function joinPlanes(planes: Uint8Array, m: number, out: Float64Array, offset: number): void {
  const bytes = new Uint8Array(out.buffer, out.byteOffset + 8 * offset, 8 * m);
  for (let plane = 0; plane < 8; plane++)
    for (let i = 0, at = plane * m; i < m; i++) bytes[8 * i + plane] = planes[at + i]!;
}

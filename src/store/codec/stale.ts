import { type ByteReader, type ByteWriter, ChunkError } from "./bytes.ts";

/**
 * Which samples are stale markers; the value column holds the others only.
 *
 *     varint runs      0: a bitmap follows, ⌈n/8⌉ bytes, lowest bit first, 1 = stale
 *     per run          varint (non-stale samples since the previous run), varint (length − 1)
 */

/** @param stale how many of `values[0 … n)` are NaN; at least one. */
export function writeStale(writer: ByteWriter, values: Float64Array, n: number): void {
  const runs = staleRuns(values, n);
  const start = writer.at;
  writer.varint(runs.length / 2);
  for (const value of runs) writer.varint(value);
  const bitmapBytes = Math.ceil(n / 8);
  if (writer.at - start <= 1 + bitmapBytes) return;
  writer.at = start;
  writer.u8(0);
  writer.bytes.fill(0, writer.at, writer.at + bitmapBytes);
  for (let i = 0; i < n; i++)
    if (Number.isNaN(values[i]!)) writer.bytes[writer.at + (i >> 3)]! |= 1 << (i & 7);
  writer.at += bitmapBytes;
}

function staleRuns(values: Float64Array, n: number): number[] {
  const runs: number[] = [];
  let end = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isNaN(values[i]!)) continue;
    const start = i;
    while (i + 1 < n && Number.isNaN(values[i + 1]!)) i++;
    runs.push(start - end, i - start);
    end = i + 1;
  }
  return runs;
}

/**
 * Spreads the `present` values at `out[offset …)` over `n` samples, NaN where a stale marker stands.
 * @throws ChunkError when the markers are not exactly `n − present`.
 */
export function readStale(
  reader: ByteReader,
  n: number,
  present: number,
  out: Float64Array,
  offset: number,
): void {
  const runs = reader.varint();
  if (runs === 0) spreadByBitmap(reader, n, present, out, offset);
  else spreadByRuns(reader, runs, n, present, out, offset);
}

function spreadByBitmap(
  reader: ByteReader,
  n: number,
  present: number,
  out: Float64Array,
  offset: number,
): void {
  const start = reader.skip(Math.ceil(n / 8));
  const bytes = reader.bytes;
  let left = present;
  for (let i = n - 1; i >= 0; i--) {
    if (bytes[start + (i >> 3)]! & (1 << (i & 7))) out[offset + i] = Number.NaN;
    else if (left > 0) out[offset + i] = out[offset + --left]!;
    else throw new ChunkError(`chunk has fewer than ${n - present} stale markers`);
  }
  if (left > 0) throw new ChunkError(`chunk has more than ${n - present} stale markers`);
}

function spreadByRuns(
  reader: ByteReader,
  runs: number,
  n: number,
  present: number,
  out: Float64Array,
  offset: number,
): void {
  if (runs > n) throw new ChunkError(`${runs} stale runs in ${n} samples`);
  const bounds: number[] = [];
  let end = 0;
  let stale = 0;
  for (let i = 0; i < runs; i++) {
    const start = end + reader.varint();
    end = start + reader.varint() + 1;
    if (end > n) throw new ChunkError(`stale run ends at sample ${end} of ${n}`);
    stale += end - start;
    bounds.push(start, end);
  }
  if (stale !== n - present)
    throw new ChunkError(`chunk has ${stale} stale markers, its head says ${n - present}`);
  let source = offset + present;
  let target = offset + n;
  for (let i = bounds.length - 2; i >= 0; i -= 2) {
    const start = offset + bounds[i]!;
    const stop = offset + bounds[i + 1]!;
    source -= target - stop;
    out.copyWithin(stop, source, source + (target - stop));
    out.fill(Number.NaN, start, stop);
    target = start;
  }
}

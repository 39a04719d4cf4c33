import { ByteReader, ChunkError } from "./bytes.ts";
import { readDoubles, readDoublesMethod, readDoublesSummary } from "./doubles.ts";
import {
  CODEC_CONSTANT,
  CODEC_DOUBLES,
  CODEC_MASK,
  CODEC_PACKED,
  DOUBLES_RAW,
  HAS_STALE,
  IRREGULAR,
  MAX_CHUNK_SAMPLES,
  RESERVED_MASK,
  VERSION_1,
  VERSION_MASK,
} from "./layout.ts";
import { readNumber } from "./number.ts";
import { readPacked, readPackedHead } from "./packed.ts";
import { readStale } from "./stale.ts";
import { NO_VALUES, type Summary, summariseValues, type ValueSummary } from "./summary.ts";
import { readSpan, readTimes, type Span } from "./times.ts";

/** How many samples a chunk holds, stale markers included; 1 … MAX_CHUNK_SAMPLES. */
export function chunkCount(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  readFlags(reader);
  return readCount(reader);
}

/**
 * Writes a chunk's samples to `timestamps[offset …)` and `values[offset …)` (stale markers as NaN), returns how many.
 * @throws ChunkError when the bytes are damaged: both arrays may then hold part of it.
 * @throws RangeError when either array has less room than {@link chunkCount} says.
 */
export function decodeChunk(
  bytes: Uint8Array,
  timestamps: Float64Array,
  values: Float64Array,
  offset: number,
): number {
  const reader = new ByteReader(bytes);
  const head = readHead(reader);
  const { count, present } = head;
  const room = Math.min(timestamps.length, values.length) - offset;
  if (count > room) throw new RangeError(`Cannot decode ${count} samples into room for ${room}`);
  readValues(reader, head, values, offset);
  if (present < count) readStale(reader, count, present, values, offset);
  readTimes(reader, count, head.span, timestamps, offset);
  reader.end();
  return count;
}

/** Reads the summary alone; columns are decoded only in chunks so short or so irregular that none is stored. */
export function chunkSummary(bytes: Uint8Array): Summary {
  const reader = new ByteReader(bytes);
  const head = readHead(reader);
  return {
    count: head.count,
    firstTimestamp: head.firstTimestamp,
    lastTimestamp: head.lastTimestamp,
    ...readValueSummary(reader, head),
  };
}

interface Head {
  codec: number;
  count: number;
  present: number;
  span: Span;
  /** Of the non-stale samples; NaN when there are none. */
  firstTimestamp: number;
  lastTimestamp: number;
}

function readHead(reader: ByteReader): Head {
  const flags = readFlags(reader);
  const count = readCount(reader);
  const span = readSpan(reader, count, (flags & IRREGULAR) !== 0);
  const codec = flags & CODEC_MASK;
  if (!(flags & HAS_STALE))
    return { codec, count, present: count, span, firstTimestamp: span.first, lastTimestamp: span.last };
  const present = reader.varint();
  if (present >= count)
    throw new ChunkError(`${present} of ${count} samples are present, yet some are stale`);
  if (present === 0)
    return { codec, count, present, span, firstTimestamp: Number.NaN, lastTimestamp: Number.NaN };
  const firstTimestamp = span.first + reader.varint();
  const lastTimestamp = span.last - reader.varint();
  if (firstTimestamp > lastTimestamp) throw new ChunkError("the first sample present is later than the last");
  return { codec, count, present, span, firstTimestamp, lastTimestamp };
}

function readFlags(reader: ByteReader): number {
  const flags = reader.u8();
  if ((flags & VERSION_MASK) !== VERSION_1 || (flags & RESERVED_MASK) !== 0)
    throw new ChunkError(`chunk's first byte ${flags} is not of a version that this dcmon knows`);
  return flags;
}

function readCount(reader: ByteReader): number {
  const count = reader.varint();
  if (count < 1 || count > MAX_CHUNK_SAMPLES)
    throw new ChunkError(`chunk announces ${count} samples, it may have 1 to ${MAX_CHUNK_SAMPLES}`);
  return count;
}

function readValues(reader: ByteReader, head: Head, values: Float64Array, offset: number): void {
  const m = head.present;
  switch (head.codec) {
    case CODEC_CONSTANT:
      if (m > 0) values.fill(readNumber(reader), offset, offset + m);
      return;
    case CODEC_PACKED:
      readPacked(reader, m, readPackedHead(reader, m), values, offset);
      return;
    case CODEC_DOUBLES: {
      const method = readDoublesMethod(reader);
      if (method !== DOUBLES_RAW) readDoublesSummary(reader, m);
      readDoubles(reader, m, method, values, offset);
      return;
    }
    default:
      throw new ChunkError(`codec ${head.codec} of values is not known`);
  }
}

function readValueSummary(reader: ByteReader, head: Head): ValueSummary {
  const m = head.present;
  switch (head.codec) {
    case CODEC_CONSTANT:
      return m > 0 ? constantSummary(readNumber(reader), m) : NO_VALUES;
    case CODEC_PACKED: {
      const packed = readPackedHead(reader, m);
      if (packed.summary !== undefined) return packed.summary;
      const values = new Float64Array(m);
      readPacked(reader, m, packed, values, 0);
      return summariseValues(values, 0, m);
    }
    case CODEC_DOUBLES: {
      const method = readDoublesMethod(reader);
      if (method !== DOUBLES_RAW) return readDoublesSummary(reader, m);
      const values = new Float64Array(m);
      readDoubles(reader, m, method, values, 0);
      return summariseValues(values, 0, m);
    }
    default:
      throw new ChunkError(`codec ${head.codec} of values is not known`);
  }
}

function constantSummary(value: number, present: number): ValueSummary {
  return {
    present,
    firstValue: value,
    lastValue: value,
    min: value,
    max: value,
    sum: value * present,
    increase: value - value, // NaN for infinities, as the definition has it
    resets: 0,
  };
}

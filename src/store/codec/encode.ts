import { ByteWriter } from "./bytes.ts";
import { ColumnPlanner } from "./column.ts";
import { DoublesEncoder } from "./doubles.ts";
import {
  CODEC_CONSTANT,
  CODEC_DOUBLES,
  CODEC_PACKED,
  HAS_STALE,
  IRREGULAR,
  MAX_CHUNK_SAMPLES,
  VERSION_1,
} from "./layout.ts";
import { writeNumber } from "./number.ts";
import { PackedEncoder } from "./packed.ts";
import { writeStale } from "./stale.ts";
import { checkedStep, writeSpan, writeSteps } from "./times.ts";

/** Encodes one chunk. Whoever encodes many keeps a {@link ChunkEncoder}. */
export function encodeChunk(
  timestamps: Float64Array,
  values: Float64Array,
  count = timestamps.length,
): Uint8Array {
  return new ChunkEncoder().encode(timestamps, values, count);
}

/** Encodes chunks one after the other with the same scratch memory. */
export class ChunkEncoder {
  private readonly writer = new ByteWriter();
  private readonly planner = new ColumnPlanner();
  private readonly packed = new PackedEncoder(this.planner);
  private readonly doubles = new DoublesEncoder();
  private present = new Float64Array(0);

  /**
   * @param timestamps ms, strictly increasing non-negative safe integers
   * @param values NaN is a stale marker (its payload bits are not kept); every other float64 is kept bit for bit
   * @param count how many of them, 1 … MAX_CHUNK_SAMPLES
   * @throws RangeError when count or timestamps are not as said.
   */
  encode(timestamps: Float64Array, values: Float64Array, count = timestamps.length): Uint8Array {
    checkCount(timestamps, values, count);
    const { writer } = this;
    writer.reset(1024 + 24 * count);
    const step = checkedStep(timestamps, count);
    const present = this.gatherPresent(values, count);
    const stale = present < count;

    writer.u8(0);
    writer.varint(count);
    writeSpan(writer, timestamps, count, step);
    if (stale) this.writePresence(timestamps, values, count, present);
    const codec = this.writeValues(stale ? this.present : values, present);
    if (stale) writeStale(writer, values, count);
    if (step === undefined) writeSteps(writer, timestamps, count, this.scratch(count), this.planner);
    writer.bytes[0] = VERSION_1 | codec | (stale ? HAS_STALE : 0) | (step === undefined ? IRREGULAR : 0);
    return writer.take();
  }

  /** How many values are no stale markers; copies them together when some are. */
  private gatherPresent(values: Float64Array, count: number): number {
    let present = 0;
    while (present < count && !Number.isNaN(values[present]!)) present++;
    if (present === count) return count;
    const gathered = this.scratch(count);
    gathered.set(values.subarray(0, present));
    for (let i = present + 1; i < count; i++) {
      const value = values[i]!;
      if (!Number.isNaN(value)) gathered[present++] = value;
    }
    return present;
  }

  private scratch(count: number): Float64Array {
    if (this.present.length < count) this.present = new Float64Array(count);
    return this.present;
  }

  /** How many are present, and how far the first and last of them are from the chunk's own ends. */
  private writePresence(
    timestamps: Float64Array,
    values: Float64Array,
    count: number,
    present: number,
  ): void {
    this.writer.varint(present);
    if (present === 0) return;
    let first = 0;
    let last = count - 1;
    while (Number.isNaN(values[first]!)) first++;
    while (Number.isNaN(values[last]!)) last--;
    this.writer.varint(timestamps[first]! - timestamps[0]!);
    this.writer.varint(timestamps[count - 1]! - timestamps[last]!);
  }

  private writeValues(values: Float64Array, m: number): number {
    const { writer } = this;
    if (m === 0) return CODEC_CONSTANT;
    if (isConstant(values, m)) {
      writeNumber(writer, values[0]!);
      return CODEC_CONSTANT;
    }
    if (this.packed.write(writer, values, m)) return CODEC_PACKED;
    this.doubles.write(writer, values, m);
    return CODEC_DOUBLES;
  }
}

function checkCount(timestamps: Float64Array, values: Float64Array, count: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_CHUNK_SAMPLES))
    throw new RangeError(`Cannot encode a chunk of ${count} samples: it may have 1 to ${MAX_CHUNK_SAMPLES}`);
  if (timestamps.length < count || values.length < count)
    throw new RangeError(
      `Cannot encode ${count} samples: ${timestamps.length} timestamps, ${values.length} values`,
    );
}

function isConstant(values: Float64Array, m: number): boolean {
  const first = values[0]!;
  for (let i = 1; i < m; i++) if (values[i] !== first) return false;
  if (first !== 0) return true;
  for (let i = 1; i < m; i++) if (!Object.is(values[i], first)) return false;
  return true;
}

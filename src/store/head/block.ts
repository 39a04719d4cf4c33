import type { StoredLayout } from "./layout.ts";

/** Before each payload in a segment: f64 timestamp, u32 payload length, little endian, not aligned. */
export const ROW_HEADER_BYTES = 12;

const FIRST_SEGMENT_BYTES = 4 * 1024;
const LARGEST_SEGMENT_BYTES = 128 * 1024;

/** One committed journal row, as the head takes it. */
export interface HeadRow {
  readonly id: number;
  readonly timestamp: number;
  readonly received: number;
  readonly payload: Uint8Array;
}

/** The rows of a block at one moment, readable in any thread: later rows are written beyond `lengths`. */
export interface BlockSnapshot {
  readonly layout: number;
  readonly bucket: number;
  /** Where the bucket begins. Rows before it tell only which series were present. */
  readonly start: number;
  readonly series: Uint32Array<SharedArrayBuffer>;
  readonly segments: readonly SharedArrayBuffer[];
  /** Bytes in use, by segment. */
  readonly lengths: readonly number[];
  readonly rows: number;
  /** The journal id of the last row. */
  readonly throughId: number;
}

/**
 * The frames of one layout in one bucket, as they came, in shared memory. It may begin with the last frame of the
 * bucket before, so that a series which ends exactly between two buckets is seen to end.
 */
export class Block {
  frames = 0;
  bytes = 0;
  firstId = Number.POSITIVE_INFINITY;
  lastId = 0;
  /** Wall clock, as the journal has it. */
  oldestReceived = Number.POSITIVE_INFINITY;
  newestReceived = 0;
  private rows = 0;
  private readonly segments: SharedArrayBuffer[] = [];
  private readonly lengths: number[] = [];
  private last: { timestamp: number; payload: Uint8Array } | undefined;

  constructor(
    readonly layout: StoredLayout,
    readonly bucket: number,
    private readonly bucketMs: number,
  ) {}

  get end(): number {
    return (this.bucket + 1) * this.bucketMs;
  }

  append(row: HeadRow): void {
    this.write(row.timestamp, row.payload);
    this.frames++;
    this.firstId = Math.min(this.firstId, row.id);
    this.lastId = Math.max(this.lastId, row.id);
    this.oldestReceived = Math.min(this.oldestReceived, row.received);
    this.newestReceived = Math.max(this.newestReceived, row.received);
  }

  /** Takes over the last frame of the block before this one. Call before the first append. */
  follow(before: Block): void {
    if (before.last !== undefined) this.write(before.last.timestamp, before.last.payload);
  }

  snapshot(): BlockSnapshot {
    return {
      layout: this.layout.id,
      bucket: this.bucket,
      start: this.bucket * this.bucketMs,
      series: this.layout.series,
      segments: [...this.segments],
      lengths: [...this.lengths],
      rows: this.rows,
      throughId: this.lastId,
    };
  }

  private write(timestamp: number, payload: Uint8Array): void {
    const size = ROW_HEADER_BYTES + payload.length;
    let index = this.segments.length - 1;
    if (index < 0 || this.lengths[index]! + size > this.segments[index]!.byteLength)
      index = this.addSegment(size);
    const segment = this.segments[index]!;
    const at = this.lengths[index]!;
    const header = new DataView(segment, at, ROW_HEADER_BYTES);
    header.setFloat64(0, timestamp, true);
    header.setUint32(8, payload.length, true);
    const copy = new Uint8Array(segment, at + ROW_HEADER_BYTES, payload.length);
    copy.set(payload);
    this.lengths[index] = at + size;
    this.rows++;
    this.last = { timestamp, payload: copy };
  }

  private addSegment(needed: number): number {
    const count = this.segments.length;
    const grown = count === 0 ? FIRST_SEGMENT_BYTES : this.segments[count - 1]!.byteLength * 2;
    const size = Math.max(needed, Math.min(grown, LARGEST_SEGMENT_BYTES));
    this.segments.push(new SharedArrayBuffer(size));
    this.lengths.push(0);
    this.bytes += size;
    return count;
  }
}

import type { StoredLayout } from "./layout.ts";

/** Small, as a block may get no more than one frame; segments double. */
const FIRST_SEGMENT_BYTES = 256;
const LARGEST_SEGMENT_BYTES = 128 * 1024;
const FIRST_ROWS = 4;

/** One committed journal row, as the head takes it. */
export interface HeadRow {
  readonly id: number;
  readonly timestamp: number;
  readonly received: number;
  readonly payload: Uint8Array;
}

/** The rows of a block at one moment, readable in any thread: later rows are written beyond these. */
export interface BlockSnapshot {
  readonly layout: number;
  readonly bucket: number;
  /** Where the bucket begins. Rows before it tell only which series were present. */
  readonly start: number;
  readonly series: Uint32Array<SharedArrayBuffer>;
  readonly rows: number;
  /** By row, in the order of arrival. */
  readonly timestamps: Float64Array<SharedArrayBuffer>;
  /** By row, two numbers: in which segment its payload is, and where it begins there. */
  readonly places: Uint32Array<SharedArrayBuffer>;
  readonly segments: readonly SharedArrayBuffer[];
  /** The journal id of the last row. */
  readonly throughId: number;
}

/**
 * The frames of one layout in one bucket, as they came, in shared memory. It may begin with the last frame of the
 * bucket before, so that a series which ends exactly between two buckets is seen to end. Times and places of the
 * rows stand apart from the payloads: whoever looks for the last minutes does not touch the rest.
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
  private timestamps = new Float64Array(new SharedArrayBuffer(0));
  private places = new Uint32Array(new SharedArrayBuffer(0));
  private readonly segments: SharedArrayBuffer[] = [];
  /** In the last segment. */
  private used = 0;
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
    const { layout, bucket, bucketMs, rows, timestamps, places, segments, lastId } = this;
    return {
      layout: layout.id,
      bucket,
      start: bucket * bucketMs,
      series: layout.series,
      rows,
      timestamps,
      places,
      segments: [...segments],
      throughId: lastId,
    };
  }

  private write(timestamp: number, payload: Uint8Array): void {
    if (this.rows === this.timestamps.length) this.growRows();
    const space = (this.segments.at(-1)?.byteLength ?? 0) - this.used;
    if (space < payload.length) this.addSegment(payload.length);
    const copy = new Uint8Array(this.segments.at(-1)!, this.used, payload.length);
    copy.set(payload);
    this.timestamps[this.rows] = timestamp;
    this.places[2 * this.rows] = this.segments.length - 1;
    this.places[2 * this.rows + 1] = this.used;
    this.used += payload.length;
    this.rows++;
    this.last = { timestamp, payload: copy };
  }

  private growRows(): void {
    const capacity = Math.max(FIRST_ROWS, 2 * this.rows);
    const timestamps = new Float64Array(new SharedArrayBuffer(8 * capacity));
    const places = new Uint32Array(new SharedArrayBuffer(8 * capacity));
    timestamps.set(this.timestamps);
    places.set(this.places);
    this.bytes += 16 * (capacity - this.rows);
    this.timestamps = timestamps;
    this.places = places;
  }

  private addSegment(needed: number): void {
    const grown = 2 * (this.segments.at(-1)?.byteLength ?? FIRST_SEGMENT_BYTES / 2);
    const size = Math.max(needed, Math.min(grown, LARGEST_SEGMENT_BYTES));
    this.segments.push(new SharedArrayBuffer(size));
    this.used = 0;
    this.bytes += size;
  }
}

import { frameCost } from "../../wire/frame.ts";
import {
  type CommitBatch,
  type NewLayout,
  type NewSeries,
  type NewStream,
  ROW_FIELDS,
  ROW_ID,
  ROW_LAYOUT,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_RECEIVED,
  ROW_SEQUENCE,
  ROW_STREAM,
  ROW_TIMESTAMP,
} from "../writer/protocol.ts";

/** A batch takes no more after this: it bounds how long one commit, and its mirroring in the head, can take. */
const FULL_BYTES = 1024 * 1024;
const FULL_ROWS = 1024;

export interface JournalRow {
  readonly id: number;
  readonly stream: number;
  readonly layout: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly received: number;
  readonly payload: Uint8Array;
}

/** Shared with the writer. It grows to what the largest batch needed, and serves one batch after the other. */
export class BatchMemory {
  rows = new Float64Array(new SharedArrayBuffer(8 * ROW_FIELDS * 64));
  payloads = new Uint8Array(new SharedArrayBuffer(16 * 1024));
}

/** What waits for one commit. */
export class Batch {
  readonly series: NewSeries[] = [];
  readonly layouts: NewLayout[] = [];
  readonly streams: NewStream[] = [];
  /** By stream, the highest sequence that may be acknowledged once this is durable. */
  readonly acknowledge = new Map<number, number>();
  rowCount = 0;
  /** The sum of its rows' {@link frameCost}. */
  cost = 0;
  private byteCount = 0;

  constructor(readonly memory: BatchMemory) {}

  get full(): boolean {
    return this.cost >= FULL_BYTES || this.rowCount >= FULL_ROWS;
  }

  /** Nothing in it needs the disk. */
  get isVoid(): boolean {
    return this.rowCount + this.series.length + this.layouts.length + this.streams.length === 0;
  }

  get firstId(): number | undefined {
    return this.rowCount === 0 ? undefined : this.memory.rows[ROW_ID];
  }

  add(row: JournalRow): void {
    this.makeRoom(row.payload.length);
    const { rows } = this.memory;
    const at = this.rowCount * ROW_FIELDS;
    rows[at + ROW_ID] = row.id;
    rows[at + ROW_STREAM] = row.stream;
    rows[at + ROW_LAYOUT] = row.layout;
    rows[at + ROW_SEQUENCE] = row.sequence;
    rows[at + ROW_TIMESTAMP] = row.timestamp;
    rows[at + ROW_RECEIVED] = row.received;
    rows[at + ROW_OFFSET] = this.byteCount;
    rows[at + ROW_LENGTH] = row.payload.length;
    this.memory.payloads.set(row.payload, this.byteCount);
    this.rowCount++;
    this.byteCount += row.payload.length;
    this.cost += frameCost(row.payload);
  }

  /** The payload is a view into the batch. */
  rowAt(index: number): JournalRow {
    const { rows } = this.memory;
    const at = index * ROW_FIELDS;
    const offset = rows[at + ROW_OFFSET]!;
    return {
      id: rows[at + ROW_ID]!,
      stream: rows[at + ROW_STREAM]!,
      layout: rows[at + ROW_LAYOUT]!,
      sequence: rows[at + ROW_SEQUENCE]!,
      timestamp: rows[at + ROW_TIMESTAMP]!,
      received: rows[at + ROW_RECEIVED]!,
      payload: this.memory.payloads.subarray(offset, offset + rows[at + ROW_LENGTH]!),
    };
  }

  message(): CommitBatch {
    const { series, layouts, streams, rowCount } = this;
    const { rows, payloads } = this.memory;
    return { series, layouts, streams, rows, rowCount, payloads };
  }

  private makeRoom(payloadLength: number): void {
    const { memory } = this;
    if ((this.rowCount + 1) * ROW_FIELDS > memory.rows.length) {
      const grown = new Float64Array(new SharedArrayBuffer(2 * memory.rows.byteLength));
      grown.set(memory.rows);
      memory.rows = grown;
    }
    if (this.byteCount + payloadLength > memory.payloads.length) {
      const size = Math.max(2 * memory.payloads.length, this.byteCount + payloadLength);
      const grown = new Uint8Array(new SharedArrayBuffer(size));
      grown.set(memory.payloads.subarray(0, this.byteCount));
      memory.payloads = grown;
    }
  }
}

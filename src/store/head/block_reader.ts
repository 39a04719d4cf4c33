import { CLASS_ABSENT, classAt, decodeColumns, PARTIAL } from "../../wire/values.ts";
import type { Samples } from "../samples.ts";
import { type BlockSnapshot, ROW_HEADER_BYTES } from "./block.ts";

/**
 * Turns the frames of a block into samples by column. In a complete frame an absent series that was present before
 * has ended: one stale marker. Of two frames with one timestamp, the later one wins where it says something.
 */
export class BlockReader {
  /** By row, in the order of time; rows of one timestamp in the order of their arrival. */
  private readonly payloads: Uint8Array[];
  private readonly timestamps: Float64Array;
  /** Rows before this one tell only which series were present. */
  private readonly firstOwnRow: number;
  /** No row is partial and no timestamp occurs twice. */
  private readonly plain: boolean;

  /** @param from, to milliseconds: rows outside `from ≤ timestamp ≤ to` are left out. */
  constructor(
    private readonly block: BlockSnapshot,
    from = Number.NEGATIVE_INFINITY,
    to = Number.POSITIVE_INFINITY,
  ) {
    const rows = rowsOf(block);
    const begin = Math.max(from, block.start);
    const first = rows.findIndex((row) => row.timestamp >= begin);
    const end = rows.findLastIndex((row) => row.timestamp <= to) + 1;
    const context = Math.max(0, (first < 0 ? rows.length : first) - 1);
    const kept = rows.slice(context, end);
    this.timestamps = Float64Array.from(kept, (row) => row.timestamp);
    this.payloads = kept.map((row) => new Uint8Array(block.segments[row.segment]!, row.offset, row.length));
    this.firstOwnRow = first < 0 ? kept.length : first - context;
    this.plain = kept.every(
      (row, i) => this.payloads[i]![0] !== PARTIAL && (i === 0 || row.timestamp > kept[i - 1]!.timestamp),
    );
  }

  get rows(): number {
    return this.payloads.length;
  }

  /**
   * The samples of each of `columns`; empty for a series that is absent throughout.
   * @param columns ascending.
   */
  read(columns: Uint32Array): Samples[] {
    const rows = this.payloads.length;
    const cells = new Float64Array(rows * columns.length);
    const n = this.block.series.length;
    for (let row = 0; row < rows; row++) decodeColumns(this.payloads[row]!, n, columns, cells, row, rows);
    return Array.from(columns, (column, k) =>
      this.samplesOf(column, cells.subarray(k * rows, (k + 1) * rows)),
    );
  }

  private samplesOf(column: number, cells: Float64Array): Samples {
    const first = this.firstOwnRow;
    if (this.plain && !cells.some(Number.isNaN))
      return { timestamps: this.timestamps.subarray(first), values: cells.subarray(first) };
    const timestamps = new Float64Array(cells.length - first);
    const values = new Float64Array(cells.length - first);
    let count = 0;
    let state: "unknown" | "present" | "ended" = "unknown";
    for (let row = 0; row < cells.length; row++) {
      const value = cells[row]!;
      if (Number.isNaN(value)) {
        if (
          state === "ended" ||
          !(this.saysEnded(row, column) || (state === "present" && this.isComplete(row)))
        )
          continue;
        state = "ended";
      } else state = "present";
      if (row < first) continue;
      const timestamp = this.timestamps[row]!;
      if (count > 0 && timestamps[count - 1] === timestamp) count--;
      timestamps[count] = timestamp;
      values[count++] = value;
    }
    return { timestamps: timestamps.subarray(0, count), values: values.subarray(0, count) };
  }

  private isComplete(row: number): boolean {
    return this.payloads[row]![0] !== PARTIAL;
  }

  /** True for an explicit stale marker. */
  private saysEnded(row: number, column: number): boolean {
    return !this.isComplete(row) && classAt(this.payloads[row]!, column) !== CLASS_ABSENT;
  }
}

interface Row {
  readonly timestamp: number;
  readonly segment: number;
  /** Of the payload. */
  readonly offset: number;
  readonly length: number;
}

/** In the order of time. */
function rowsOf(block: BlockSnapshot): Row[] {
  const rows: Row[] = [];
  let sorted = true;
  for (const [segment, memory] of block.segments.entries()) {
    const view = new DataView(memory);
    for (let at = 0, end = block.lengths[segment]!; at < end; ) {
      const timestamp = view.getFloat64(at, true);
      const length = view.getUint32(at + 8, true);
      if (rows.length > 0 && timestamp < rows[rows.length - 1]!.timestamp) sorted = false;
      rows.push({ timestamp, segment, offset: at + ROW_HEADER_BYTES, length });
      at += ROW_HEADER_BYTES + length;
    }
  }
  return sorted ? rows : rows.sort((a, b) => a.timestamp - b.timestamp);
}

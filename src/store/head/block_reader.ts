import { CLASS_ABSENT, classAt, decodeColumns, PARTIAL, type PayloadMemory } from "../../wire/values.ts";
import { lowerBound, type Samples } from "../samples.ts";
import type { BlockSnapshot } from "./block.ts";

/**
 * Turns the frames of a block into samples by column. In a complete frame an absent series that was present before
 * has ended: one stale marker. Of two frames with one timestamp, the later one wins where it says something.
 */
export class BlockReader {
  private readonly series: number;
  private readonly segments: readonly PayloadMemory[];
  /** Ascending; rows of one timestamp in the order of their arrival. */
  private readonly timestamps: Float64Array;
  /** As in the block, by row in the order of `timestamps`. */
  private readonly places: Uint32Array;
  /** Rows before this one tell only which series were present. */
  private readonly firstOwnRow: number;
  /** No row is partial and no timestamp occurs twice. */
  private readonly plain: boolean;

  /** @param from, to milliseconds: rows outside `from ≤ timestamp ≤ to` are left out. */
  constructor(block: BlockSnapshot, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY) {
    const { timestamps, places } = inOrderOfTime(block);
    const first = lowerBound(timestamps, Math.max(from, block.start));
    const context = Math.max(0, first - 1);
    const end = lowerBound(timestamps, to + 1);
    this.series = block.series.length;
    this.segments = block.segments.map((memory) => ({
      bytes: new Uint8Array(memory),
      view: new DataView(memory),
    }));
    this.timestamps = timestamps.slice(context, end);
    this.places = places.subarray(2 * context, 2 * end);
    this.firstOwnRow = Math.min(first - context, this.timestamps.length);
    this.plain = this.isPlain();
  }

  get rows(): number {
    return this.timestamps.length;
  }

  /**
   * The samples of each of `columns`; empty for a series that is absent throughout.
   * @param columns ascending.
   */
  read(columns: Uint32Array): Samples[] {
    const { rows } = this;
    const cells = new Float64Array(rows * columns.length);
    for (let row = 0; row < rows; row++)
      decodeColumns(this.memoryOf(row), this.places[2 * row + 1]!, this.series, columns, cells, row, rows);
    return Array.from(columns, (column, k) =>
      this.samplesOf(column, cells.subarray(k * rows, (k + 1) * rows)),
    );
  }

  private samplesOf(column: number, cells: Float64Array): Samples {
    const first = this.firstOwnRow;
    if (this.plain && !hasNaN(cells))
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
          !(this.saysEnded(row, column) || (state === "present" && !this.isPartial(row)))
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

  private isPlain(): boolean {
    for (let row = 0; row < this.rows; row++)
      if (this.isPartial(row) || (row > 0 && this.timestamps[row] === this.timestamps[row - 1])) return false;
    return true;
  }

  private isPartial(row: number): boolean {
    return this.memoryOf(row).bytes[this.places[2 * row + 1]!] === PARTIAL;
  }

  /** True for an explicit stale marker. */
  private saysEnded(row: number, column: number): boolean {
    const present = classAt(this.memoryOf(row).bytes, column, this.places[2 * row + 1]!) !== CLASS_ABSENT;
    return present && this.isPartial(row);
  }

  private memoryOf(row: number): PayloadMemory {
    return this.segments[this.places[2 * row]!]!;
  }
}

/** A plain loop: `some(Number.isNaN)` takes ten times as long, and this runs over every value that is sealed. */
function hasNaN(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) return true;
  return false;
}

function inOrderOfTime(block: BlockSnapshot): { timestamps: Float64Array; places: Uint32Array } {
  const timestamps = block.timestamps.subarray(0, block.rows);
  const places = block.places.subarray(0, 2 * block.rows);
  if (timestamps.every((time, row) => row === 0 || time >= timestamps[row - 1]!))
    return { timestamps, places };
  const order = Array.from(timestamps.keys()).sort((a, b) => timestamps[a]! - timestamps[b]!);
  return {
    timestamps: Float64Array.from(order, (row) => timestamps[row]!),
    places: Uint32Array.from(order.flatMap((row) => [places[2 * row]!, places[2 * row + 1]!])),
  };
}

import type { RangeSeries } from "./query.ts";

export type Column = (number | null)[];

/** Series over a grid of times that moves forward: every step has one place in every column. */
export class Grid {
  /** Milliseconds between two steps. */
  readonly step: number;
  /** The first step's time in milliseconds, a multiple of `step`. */
  start: number;
  /** How many steps are shown. */
  readonly length: number;
  readonly columns = new Map<string, Column>();

  constructor(from: number, to: number, step: number) {
    this.step = step;
    this.start = Math.ceil(from / step) * step;
    this.length = Math.max(1, Math.floor(to / step) - this.start / step + 1);
  }

  get end(): number {
    return this.start + (this.length - 1) * this.step;
  }

  /** Seconds, as uPlot wants them. */
  times(): number[] {
    return Array.from({ length: this.length }, (_, i) => (this.start + i * this.step) / 1000);
  }

  /** Moves on so that the last step is the one at or before `to`. What falls out on the left is dropped. */
  slideTo(to: number): void {
    const start = (Math.floor(to / this.step) - this.length + 1) * this.step;
    const shift = Math.round((start - this.start) / this.step);
    if (shift <= 0) return;
    this.start = start;
    for (const [key, column] of this.columns) {
      const moved = column.slice(shift);
      while (moved.length < this.length) moved.push(null);
      if (moved.every((value) => value === null)) this.columns.delete(key);
      else this.columns.set(key, moved);
    }
  }

  /** Replaces what lies between `from` and `to` by the answer for that span. */
  merge(key: string, series: RangeSeries, sign: 1 | -1): void {
    const column = this.#columnOf(key);
    for (const [seconds, text] of series.values) {
      const index = Math.round((seconds * 1000 - this.start) / this.step);
      const value = Number(text);
      if (index >= 0 && index < this.length) column[index] = Number.isFinite(value) ? sign * value : null;
    }
  }

  /** Forgets the values from `from` on, before an answer for them is merged. */
  clearFrom(from: number): void {
    const index = Math.max(0, Math.round((from - this.start) / this.step));
    for (const column of this.columns.values()) column.fill(null, index);
  }

  #columnOf(key: string): Column {
    let column = this.columns.get(key);
    if (column === undefined) {
      column = new Array<number | null>(this.length).fill(null);
      this.columns.set(key, column);
    }
    return column;
  }
}

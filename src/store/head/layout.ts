/** A layout as the server keeps it: the columns are series ids. */
export interface StoredLayout {
  readonly id: number;
  readonly owner: number;
  readonly hash: string;
  readonly exporter: string;
  readonly interval: number;
  /** By column, `NO_SERIES` where the column is ignored. In shared memory, so that workers need no copy. */
  readonly series: Uint32Array<SharedArrayBuffer>;
}

export function sharedSeries(ids: ArrayLike<number>): Uint32Array<SharedArrayBuffer> {
  const series = new Uint32Array(new SharedArrayBuffer(4 * ids.length));
  series.set(ids);
  return series;
}

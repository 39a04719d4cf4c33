/** The samples of one series, timestamps strictly increasing; NaN values are stale markers. */
export interface Samples {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/**
 * Joins two pieces of one series. At a timestamp that both have, `newer` wins, except that a value always beats a
 * stale marker: a series that moves to another layout ends in the one and goes on in the other.
 * @returns the joined samples, and how many timestamps both had.
 */
export function mergeSamples(older: Samples, newer: Samples): { samples: Samples; overlaps: number } {
  if (older.timestamps.length === 0) return { samples: newer, overlaps: 0 };
  if (newer.timestamps.length === 0) return { samples: older, overlaps: 0 };
  if (newer.timestamps[0]! > older.timestamps[older.timestamps.length - 1]!)
    return { samples: concatenate(older, newer), overlaps: 0 };
  const room = older.timestamps.length + newer.timestamps.length;
  const timestamps = new Float64Array(room);
  const values = new Float64Array(room);
  let count = 0;
  let o = 0;
  let n = 0;
  while (o < older.timestamps.length || n < newer.timestamps.length) {
    const before = o < older.timestamps.length ? older.timestamps[o]! : Number.POSITIVE_INFINITY;
    const after = n < newer.timestamps.length ? newer.timestamps[n]! : Number.POSITIVE_INFINITY;
    timestamps[count] = Math.min(before, after);
    if (before < after) values[count++] = older.values[o++]!;
    else if (after < before) values[count++] = newer.values[n++]!;
    else {
      const value = newer.values[n++]!;
      values[count++] = Number.isNaN(value) ? older.values[o]! : value;
      o++;
    }
  }
  const samples = { timestamps: timestamps.subarray(0, count), values: values.subarray(0, count) };
  return { samples, overlaps: room - count };
}

/** The part with `start ≤ timestamp ≤ end`, as a view. */
export function clip({ timestamps, values }: Samples, start: number, end: number): Samples {
  const from = lowerBound(timestamps, start);
  const to = lowerBound(timestamps, end + 1);
  return { timestamps: timestamps.subarray(from, to), values: values.subarray(from, to) };
}

function concatenate(first: Samples, second: Samples): Samples {
  const count = first.timestamps.length;
  const timestamps = new Float64Array(count + second.timestamps.length);
  const values = new Float64Array(timestamps.length);
  timestamps.set(first.timestamps);
  timestamps.set(second.timestamps, count);
  values.set(first.values);
  values.set(second.values, count);
  return { timestamps, values };
}

/** How many timestamps are below `time`. */
export function lowerBound(timestamps: Float64Array, time: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timestamps[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

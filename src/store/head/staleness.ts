import { CLASS_ABSENT, classAt } from "../../wire/values.ts";
import { NO_SERIES } from "../index/series_index.ts";
import type { StoredLayout } from "./layout.ts";

/** Columns of a layout whose series were present in its last frame, and ended when its exporter changed its layout. */
interface Ended {
  readonly layout: StoredLayout;
  readonly timestamp: number;
  /** Ascending. */
  readonly columns: readonly number[];
}

/** Layouts with the classes of their last frames. */
type LastFrames = ReadonlyMap<StoredLayout, Uint8Array>;

interface Tick {
  timestamp: number;
  /** The layouts that have a frame with this timestamp: more than one when the exporter reports very many series. */
  layouts: Map<StoredLayout, Uint8Array>;
  /** The layouts of the tick before, while it is open whether all of them go on. */
  before: LastFrames;
}

const NONE: LastFrames = new Map();

/**
 * Notices that an exporter changed its layout, and which series ended by that. A change from one layout to another
 * is seen with the first frame of the new one; with several layouts at once, one tick later (until then, the missing
 * one may still come). What ended was in the last frame: markers for it cost a few times that frame, and no more.
 */
export class LayoutChanges {
  private readonly ticks = new Map<string, Tick>();

  /** To be told of every complete frame, in the order of acceptance. Copies what it keeps of `payload`. */
  observe(layout: StoredLayout, timestamp: number, payload: Uint8Array): Ended[] {
    const key = `${layout.owner} ${layout.exporter}`;
    const tick = this.ticks.get(key);
    if (tick === undefined) {
      const layouts = new Map([[layout, classesOf(layout, payload)]]);
      this.ticks.set(key, { timestamp, layouts, before: NONE });
      return [];
    }
    if (timestamp <= tick.timestamp) {
      if (timestamp === tick.timestamp) tick.layouts.set(layout, classesOf(layout, payload));
      return [];
    }
    const ended: Ended[] = [];
    for (const [old, last] of tick.before)
      if (!tick.layouts.has(old)) ended.push(...endedColumns(old, last, tick.layouts.keys(), tick.timestamp));
    const replaced = tick.layouts.size === 1 && !tick.layouts.has(layout);
    if (replaced)
      for (const [old, last] of tick.layouts) ended.push(...endedColumns(old, last, [layout], timestamp));
    tick.before = replaced ? NONE : tick.layouts;
    tick.layouts = new Map([[layout, classesOf(layout, payload)]]);
    tick.timestamp = timestamp;
    return ended;
  }
}

/** The part of a payload that says which series are present. */
function classesOf(layout: StoredLayout, payload: Uint8Array): Uint8Array {
  return payload.slice(0, 1 + ((layout.series.length + 3) >> 2));
}

function endedColumns(
  old: StoredLayout,
  last: Uint8Array,
  current: Iterable<StoredLayout>,
  timestamp: number,
): Ended[] {
  const going = new Set<number>();
  for (const layout of current) for (const id of layout.series) going.add(id);
  const columns: number[] = [];
  for (let column = 0; column < old.series.length; column++) {
    const id = old.series[column]!;
    if (id !== NO_SERIES && classAt(last, column) !== CLASS_ABSENT && !going.has(id)) columns.push(column);
  }
  return columns.length === 0 ? [] : [{ layout: old, timestamp, columns }];
}

import type { StoredLayout } from "./layout.ts";

/** Columns of a layout whose series ended when its exporter changed to another layout. */
interface Ended {
  readonly layout: StoredLayout;
  readonly timestamp: number;
  /** Ascending. */
  readonly columns: readonly number[];
}

interface Tick {
  timestamp: number;
  /** The layouts that have a frame with this timestamp: more than one when the exporter reports very many series. */
  layouts: Set<StoredLayout>;
  /** The layouts of the tick before, while it is open whether all of them go on. */
  before: Set<StoredLayout>;
}

/**
 * Notices that an exporter changed its layout, and which series ended by that. A change from one layout to another
 * is seen with the first frame of the new one; with several layouts at once, one tick later (until then, the missing
 * one may still come).
 */
export class LayoutChanges {
  private readonly ticks = new Map<string, Tick>();

  /** To be told of every frame, in the order of acceptance. */
  observe(layout: StoredLayout, timestamp: number): Ended[] {
    const key = `${layout.owner} ${layout.exporter}`;
    const tick = this.ticks.get(key);
    if (tick === undefined) {
      this.ticks.set(key, { timestamp, layouts: new Set([layout]), before: new Set() });
      return [];
    }
    if (timestamp <= tick.timestamp) {
      if (timestamp === tick.timestamp) tick.layouts.add(layout);
      return [];
    }
    const ended: Ended[] = [];
    for (const old of tick.before)
      if (!tick.layouts.has(old)) ended.push(...endedColumns(old, tick.layouts, tick.timestamp));
    const replaced = tick.layouts.size === 1 && !tick.layouts.has(layout);
    if (replaced) for (const old of tick.layouts) ended.push(...endedColumns(old, [layout], timestamp));
    tick.before = replaced ? new Set() : tick.layouts;
    tick.layouts = new Set([layout]);
    tick.timestamp = timestamp;
    return ended;
  }
}

function endedColumns(old: StoredLayout, current: Iterable<StoredLayout>, timestamp: number): Ended[] {
  const going = new Set<number>();
  for (const layout of current) for (const id of layout.series) going.add(id);
  const columns: number[] = [];
  for (let column = 0; column < old.series.length; column++)
    if (old.series[column] !== 0 && !going.has(old.series[column]!)) columns.push(column);
  return columns.length === 0 ? [] : [{ layout: old, timestamp, columns }];
}

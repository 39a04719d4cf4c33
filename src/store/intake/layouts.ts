import type { Layout } from "../../wire/layout.ts";
import { type StoredLayout, sharedSeries } from "../head/layout.ts";
import { NO_SERIES, type SeriesIndex } from "../index/series_index.ts";
import type { NewSeries } from "../writer/protocol.ts";

export interface AddedLayout {
  readonly layout: StoredLayout;
  readonly fresh: readonly NewSeries[];
  /** Columns that were left without a series: another owner writes it, or this one has as many as it may. */
  readonly othersSeries: number;
  readonly seriesOverLimit: number;
}

/** Every layout ever announced, by id and by owner and hash. */
export class Layouts {
  /** Label sets that a second owner announced, or that were beyond their owner's limit, since start. */
  seriesRefused = 0;
  private readonly byId = new Map<number, StoredLayout>();
  private readonly byHash = new Map<string, StoredLayout>();
  private nextId = 1;

  constructor(private readonly index: SeriesIndex) {}

  get size(): number {
    return this.byId.size;
  }

  get(id: number): StoredLayout | undefined {
    return this.byId.get(id);
  }

  find(owner: number, hash: string): StoredLayout | undefined {
    return this.byHash.get(keyOf(owner, hash));
  }

  /** Takes over a layout as it was stored. */
  load(layout: StoredLayout): void {
    this.byId.set(layout.id, layout);
    this.byHash.set(keyOf(layout.owner, layout.hash), layout);
    this.nextId = Math.max(this.nextId, layout.id + 1);
  }

  /** Adds a layout that is not there yet, and those of its series that are new, as far as `maxSeries` allows. */
  add(
    owner: number,
    hash: string,
    { exporter, interval, series }: Layout,
    maxSeries = Number.POSITIVE_INFINITY,
  ): AddedLayout {
    const fresh: NewSeries[] = [];
    let othersSeries = 0;
    let seriesOverLimit = 0;
    const ids = series.map((labels) => {
      const known = this.index.find(labels);
      if (known !== undefined) {
        if (this.index.ownerOf(known) === owner) return known;
        othersSeries++;
        return NO_SERIES;
      }
      if (this.index.countOf(owner) >= maxSeries) {
        seriesOverLimit++;
        return NO_SERIES;
      }
      const id = this.index.add(labels, owner);
      fresh.push({ id, owner, labels });
      return id;
    });
    const layout = { id: this.nextId, owner, hash, exporter, interval, series: sharedSeries(ids) };
    this.load(layout);
    this.seriesRefused += othersSeries + seriesOverLimit;
    return { layout, fresh, othersSeries, seriesOverLimit };
  }
}

function keyOf(owner: number, hash: string): string {
  return `${owner} ${hash}`;
}

import type { Labels } from "../../metrics/labels.ts";
import { GrowableUint32 } from "./growable.ts";
import { StringTable } from "./string_table.ts";

/** Marks a column whose series another owner writes. No series has this id. */
export const NO_SERIES = 0;

/**
 * Every series: label set ↔ id, owner, and postings (which series have a label's value). Label sets are runs of
 * interned ids in one pool, `[pairs, name, value, name, value, …]`, so a series costs no object.
 */
export class SeriesIndex {
  size = 0;
  private readonly strings = new StringTable();
  private readonly pool = new GrowableUint32(1024);
  /** By series id: where its run begins in the pool, plus one; 0 for ids that are not in use. */
  private readonly runs = new GrowableUint32(1024);
  private readonly owners = new GrowableUint32(1024);
  /** By series id: of its run, so that the table can grow without reading the pool. */
  private readonly hashes = new GrowableUint32(1024);
  private readonly counts = new Map<number, number>();
  private readonly byName = new Map<number, LabelValues>();
  /** Open addressing over series ids, at most half full. */
  private table = new Uint32Array(1024);
  private nextId = 1;

  /** The id of exactly this label set, or undefined. */
  find(labels: Labels): number | undefined {
    const run: number[] = [];
    for (const text of labels) {
      const id = this.strings.find(text);
      if (id === undefined) return undefined;
      run.push(id);
    }
    const slot = this.slotOf(run, hashOf(run));
    return this.table[slot] === NO_SERIES ? undefined : this.table[slot];
  }

  /** Adds a label set that is not there yet, under the next free id. */
  add(labels: Labels, owner: number): number {
    const id = this.nextId;
    this.load(id, labels, owner);
    return id;
  }

  /** Adds a series under the id that it was stored with. Ids must ascend. */
  load(id: number, labels: Labels, owner: number): void {
    if (id < this.nextId)
      throw new Error(`Cannot index series ${id}: ids must ascend, the next is ${this.nextId}`);
    this.nextId = id + 1;
    const run = labels.map((text) => this.strings.intern(text));
    const hash = hashOf(run);
    this.runs.set(id, this.pool.length + 1);
    this.hashes.set(id, hash);
    this.owners.set(id, owner);
    this.counts.set(owner, this.countOf(owner) + 1);
    this.pool.push(run.length / 2);
    for (let i = 0; i < run.length; i += 2) {
      this.pool.push(run[i]!);
      this.pool.push(run[i + 1]!);
      this.valuesOfId(run[i]!).add(run[i + 1]!, id);
    }
    this.size++;
    if (this.size * 2 > this.table.length) this.grow();
    else this.table[this.slotOf(run, hash)] = id;
  }

  /** How many series an owner has. */
  countOf(owner: number): number {
    return this.counts.get(owner) ?? 0;
  }

  ownerOf(id: number): number {
    return this.owners.at(id);
  }

  labelsOf(id: number): Labels {
    const start = this.runs.at(id);
    const labels: string[] = [];
    for (let at = start, end = start + 2 * this.pool.at(start - 1); at < end; at++)
      labels.push(this.strings.text(this.pool.at(at)));
    return labels;
  }

  /** The interned value of a series' label, or undefined when it lacks the label. */
  valueIdOf(id: number, nameId: number): number | undefined {
    const start = this.runs.at(id);
    for (let at = start, end = start + 2 * this.pool.at(start - 1); at < end; at += 2)
      if (this.pool.at(at) === nameId) return this.pool.at(at + 1);
    return undefined;
  }

  /** Calls `visit` with the interned name of each of a series' labels. */
  visitNameIds(id: number, visit: (nameId: number) => void): void {
    const start = this.runs.at(id);
    for (let at = start, end = start + 2 * this.pool.at(start - 1); at < end; at += 2)
      visit(this.pool.at(at));
  }

  /** The values that a label has in any series, with their postings; undefined when no series has the label. */
  valuesOf(nameId: number): LabelValues | undefined {
    return this.byName.get(nameId);
  }

  *ids(): Generator<number> {
    for (let id = 1; id < this.nextId; id++) if (this.runs.at(id) !== 0) yield id;
  }

  nameIds(): Iterable<number> {
    return this.byName.keys();
  }

  stringId(text: string): number | undefined {
    return this.strings.find(text);
  }

  text(stringId: number): string {
    return this.strings.text(stringId);
  }

  private valuesOfId(nameId: number): LabelValues {
    let values = this.byName.get(nameId);
    if (values === undefined) {
      values = new LabelValues();
      this.byName.set(nameId, values);
    }
    return values;
  }

  /** Where the run is in the table, or the free slot where it belongs. */
  private slotOf(run: readonly number[], hash: number): number {
    const mask = this.table.length - 1;
    let slot = hash & mask;
    while (this.table[slot] !== NO_SERIES && !this.hasRun(this.table[slot]!, run)) slot = (slot + 1) & mask;
    return slot;
  }

  private hasRun(id: number, run: readonly number[]): boolean {
    const start = this.runs.at(id);
    if (this.pool.at(start - 1) * 2 !== run.length) return false;
    for (let i = 0; i < run.length; i++) if (this.pool.at(start + i) !== run[i]) return false;
    return true;
  }

  private grow(): void {
    this.table = new Uint32Array(this.table.length * 2);
    const mask = this.table.length - 1;
    for (let id = 1; id < this.nextId; id++) {
      if (this.runs.at(id) === 0) continue;
      let slot = this.hashes.at(id) & mask;
      while (this.table[slot] !== NO_SERIES) slot = (slot + 1) & mask;
      this.table[slot] = id;
    }
  }
}

/** The distinct values of one label name, in the order of their first appearance, with the series that have them. */
class LabelValues {
  /** Interned ids. */
  readonly values = new GrowableUint32();
  private readonly postings = new Map<number, GrowableUint32>();

  add(valueId: number, series: number): void {
    let posting = this.postings.get(valueId);
    if (posting === undefined) {
      posting = new GrowableUint32();
      this.postings.set(valueId, posting);
      this.values.push(valueId);
    }
    posting.push(series);
  }

  /** Ascending series ids; valid until the next series is added. */
  postingOf(valueId: number): Uint32Array {
    return this.postings.get(valueId)?.view() ?? EMPTY;
  }
}

const EMPTY = new Uint32Array(0);

function hashOf(run: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const id of run) {
    hash = Math.imul(hash ^ id, 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

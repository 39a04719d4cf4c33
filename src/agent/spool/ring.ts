import { SpoolDamaged } from "./open.ts";

interface KnownLayout {
  readonly id: number;
  readonly hash: string;
  /** The last frame of it. */
  readonly last: number;
}

/** What is known of the file without asking it. Copied by every transaction, so that a failed one leaves no trace. */
export class Ring {
  /** Not acknowledged. */
  frames = 0;
  /** Acknowledged, still in the file. */
  deletable = 0;
  overwritten: number;
  /** The highest sequence that may be used without reserving more. */
  reserved: number;
  /** The highest sequence that was inserted, or that may have been before this start. */
  last: number;
  /** Frames that came back with another checksum, still in the file. */
  readonly unreadable: Set<number>;
  readonly #layouts: Map<string, KnownLayout>;
  readonly #hashes: Map<number, string>;

  constructor(counts: { overwritten: number; reserved: number; last: number }, from?: Ring) {
    this.overwritten = counts.overwritten;
    this.reserved = counts.reserved;
    this.last = counts.last;
    this.unreadable = new Set(from?.unreadable);
    this.#layouts = new Map(from === undefined ? [] : from.#layouts);
    this.#hashes = new Map(from === undefined ? [] : from.#hashes);
  }

  copy(): Ring {
    const copy = new Ring(this, this);
    copy.frames = this.frames;
    copy.deletable = this.deletable;
    return copy;
  }

  layoutId(hash: string): number | undefined {
    return this.#layouts.get(hash)?.id;
  }

  layoutHash(id: number): string | undefined {
    return this.#hashes.get(id);
  }

  addLayout(id: number, hash: string): void {
    this.#layouts.set(hash, { id, hash, last: 0 });
    this.#hashes.set(id, hash);
  }

  /** @throws SpoolDamaged when there is no such layout */
  touchLayout(id: number, last: number): void {
    const hash = this.#hashes.get(id);
    if (hash === undefined) throw new SpoolDamaged(`frames use layout ${id}, which is not there`);
    this.#layouts.set(hash, { id, hash, last });
  }

  /**
   * Forgets the layouts without frames from `oldest` on, but those that fewer than `grace` frames came after.
   * @returns their ids
   */
  dropLayouts(oldest: number, grace: number): number[] {
    const dropped: number[] = [];
    for (const { id, hash, last } of this.#layouts.values()) {
      if (last >= oldest || last + grace >= this.last) continue;
      this.#layouts.delete(hash);
      this.#hashes.delete(id);
      dropped.push(id);
    }
    return dropped;
  }

  /** Hashes of the layouts that have frames from `oldest` on, in the order in which they came. */
  layoutsSince(oldest: number): string[] {
    const used = [...this.#layouts.values()].filter(({ last }) => last >= oldest);
    return used.sort((a, b) => a.id - b.id).map(({ hash }) => hash);
  }
}

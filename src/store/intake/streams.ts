import type { NewStream, StreamPosition } from "../writer/protocol.ts";

/** Of each owner: an agent has one epoch at a time, and begins another when its spool is lost. */
const KEPT_EPOCHS = 16;

/** Where one spool epoch of one client stands. */
export interface Stream extends NewStream {
  /** True once it has a row of its own, or has one in a batch: with its first frame. */
  stored: boolean;
  /** The highest sequence that was taken in, durable or not. */
  accepted: number;
  /** The highest sequence that is on disk. */
  durable: number;
  /** The durable sequence that the stream's own row holds. */
  persisted: number;
  /** Its newest journal row, 0 when there is none. */
  lastRow: number;
}

/** The streams of every owner: all that are in use, and the newest of the others. */
export class Streams {
  private readonly byId = new Map<number, Stream>();
  /** By owner and epoch; the epoch that was opened last comes last. */
  private readonly byOwner = new Map<number, Map<string, Stream>>();
  /** Those whose own rows are behind. */
  private readonly ahead = new Set<Stream>();
  private nextId = 1;

  /** Takes over a stream as it was stored. */
  load(id: number, owner: number, epoch: string, sequence: number): void {
    const numbers = { accepted: sequence, durable: sequence, persisted: sequence, lastRow: 0 };
    this.add({ id, owner, epoch, stored: true, ...numbers });
  }

  open(owner: number, epoch: string): Stream {
    const numbers = { accepted: 0, durable: 0, persisted: 0, lastRow: 0 };
    const known = this.byOwner.get(owner)?.get(epoch);
    const stream = known ?? { id: this.nextId, owner, epoch, stored: false, ...numbers };
    this.forget(stream);
    this.add(stream);
    for (const old of this.surplusOf(owner)) if (!old.stored && isSettled(old)) this.forget(old);
    return stream;
  }

  get(id: number): Stream | undefined {
    return this.byId.get(id);
  }

  /** Everything up to `sequence` is on disk. */
  settle(stream: Stream, sequence: number): void {
    stream.durable = sequence;
    if (stream.stored && sequence > stream.persisted) this.ahead.add(stream);
  }

  /** Takes over what the journal says of a stream beyond its own row. */
  advance(id: number, sequence: number, row: number): void {
    const stream = this.byId.get(id);
    if (stream === undefined) return;
    stream.lastRow = row;
    if (sequence <= stream.durable) return;
    stream.accepted = sequence;
    this.settle(stream, sequence);
  }

  /** The streams whose own rows are behind. */
  behind(): Iterable<Stream> {
    return this.ahead;
  }

  /** The streams' own rows say this now. */
  persisted(positions: readonly StreamPosition[]): void {
    for (const { stream: id, sequence } of positions) {
      const stream = this.byId.get(id);
      if (stream === undefined) continue;
      stream.persisted = sequence;
      if (stream.durable === sequence) this.ahead.delete(stream);
    }
  }

  /** Forgets the oldest streams beyond those that are kept, if all their journal rows are below an id. @returns them */
  forgetBelow(row: number): number[] {
    const forgotten: number[] = [];
    for (const owner of this.byOwner.keys())
      for (const stream of this.surplusOf(owner)) {
        if (stream.lastRow >= row || !isSettled(stream)) continue;
        this.forget(stream);
        forgotten.push(stream.id);
      }
    return forgotten;
  }

  private surplusOf(owner: number): Stream[] {
    const epochs = this.byOwner.get(owner)!;
    return epochs.size <= KEPT_EPOCHS ? [] : [...epochs.values()].slice(0, -KEPT_EPOCHS);
  }

  private add(stream: Stream): void {
    const { id, owner, epoch } = stream;
    this.byId.set(id, stream);
    const epochs = this.byOwner.get(owner) ?? new Map<string, Stream>();
    this.byOwner.set(owner, epochs.set(epoch, stream));
    if (stream.stored && stream.durable > stream.persisted) this.ahead.add(stream);
    this.nextId = Math.max(this.nextId, id + 1);
  }

  private forget(stream: Stream): void {
    this.byId.delete(stream.id);
    this.byOwner.get(stream.owner)?.delete(stream.epoch);
    this.ahead.delete(stream);
  }
}

/** Nothing of it is on its way to the disk. */
function isSettled({ accepted, durable }: Stream): boolean {
  return accepted === durable;
}

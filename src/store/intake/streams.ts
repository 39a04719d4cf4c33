/** Where one spool epoch of one client stands. */
export interface Stream {
  readonly id: number;
  readonly owner: number;
  /** The highest sequence that was taken in, durable or not. */
  accepted: number;
  /** The highest sequence that is on disk. */
  durable: number;
  /** The durable sequence that the stream's own row holds. */
  persisted: number;
}

/** Every stream ever opened, by owner and epoch. */
export class Streams {
  private readonly byId = new Map<number, Stream>();
  private readonly byEpoch = new Map<string, Stream>();
  private nextId = 1;

  /** Takes over a stream as it was stored. */
  load(id: number, owner: number, epoch: string, sequence: number): void {
    const stream = { id, owner, accepted: sequence, durable: sequence, persisted: sequence };
    this.byId.set(id, stream);
    this.byEpoch.set(keyOf(owner, epoch), stream);
    this.nextId = Math.max(this.nextId, id + 1);
  }

  find(owner: number, epoch: string): Stream | undefined {
    return this.byEpoch.get(keyOf(owner, epoch));
  }

  add(owner: number, epoch: string): Stream {
    const id = this.nextId;
    this.load(id, owner, epoch, 0);
    return this.get(id)!;
  }

  get(id: number): Stream | undefined {
    return this.byId.get(id);
  }

  /** Takes over what the journal says of a stream beyond its own row. */
  advance(id: number, sequence: number): void {
    const stream = this.byId.get(id);
    if (stream === undefined || sequence <= stream.durable) return;
    stream.accepted = sequence;
    stream.durable = sequence;
  }

  /** The streams whose own rows are behind. */
  behind(): Stream[] {
    return [...this.byId.values()].filter((stream) => stream.durable > stream.persisted);
  }
}

function keyOf(owner: number, epoch: string): string {
  return `${owner} ${epoch}`;
}

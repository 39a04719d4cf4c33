import type { Clock } from "../../lib/clock.ts";
import { frameCost } from "../../wire/frame.ts";
import { type Layout, layoutHash } from "../../wire/layout.ts";
import { countValues, encodeStale, encodeValues, PARTIAL } from "../../wire/values.ts";
import type { Head } from "../head/head.ts";
import type { StoredLayout } from "../head/layout.ts";
import { LayoutChanges } from "../head/staleness.ts";
import type { AppendOutcome, DurableListener, Frame, OpenedStream, RegisteredLayout } from "../types.ts";
import type { WriterClient } from "../writer/client.ts";
import type { StreamPosition } from "../writer/protocol.ts";
import { Batch, BatchMemory, type JournalRow } from "./batch.ts";
import type { AddedLayout, Layouts } from "./layouts.ts";
import type { Stream, Streams } from "./streams.ts";

/** How long the first frame of a batch waits for others to share its commit. */
const GATHER_MS = 50;
/** Clocks of nodes may be ahead by this much. */
const FUTURE_MS = 2 * 60 * 1000;
/** Memory of committed batches that is kept for the next ones: one gathers while another is at the writer. */
const SPARE_MEMORIES = 2;
const OWN = 0;
/** The stream of rows that nobody waits for. */
const NO_STREAM = 0;

interface IntakeOptions {
  readonly retentionMs: number;
  readonly pendingBytes: number;
  readonly clock: Clock;
}

/**
 * Takes frames in, gathers them into batches, has them committed one batch after the other, and only then shows them
 * in the head and reports them durable.
 */
export class Intake {
  readonly rejected = { duplicate: 0, future: 0, too_old: 0, busy: 0 };
  frames = 0;
  samples = 0;
  commits = 0;
  /** What the frames cost that wait for the disk, see {@link frameCost}. */
  pendingBytes = 0;
  /** By owner, the wall clock time of its last accepted frame. */
  readonly lastReceived = new Map<number, number>();
  private nextRowId = 1;
  private readonly changes = new LayoutChanges();
  /** At the writer. */
  private inFlight: Batch | undefined;
  /** In the order of commit; the last one still gathers. */
  private readonly waiting: Batch[] = [];
  private readonly spare: BatchMemory[] = [];
  private gatherTimer: Timer | undefined;
  private readonly listeners: DurableListener[] = [];
  private readonly repeated = new Set<Stream>();
  private drained: PromiseWithResolvers<void> | undefined;
  /** The server's own layouts: they are asked for by identity every few seconds. */
  private readonly ownLayouts = new WeakMap<Layout, StoredLayout>();

  constructor(
    private readonly options: IntakeOptions,
    private readonly writer: WriterClient,
    private readonly head: Head,
    private readonly layouts: Layouts,
    private readonly streams: Streams,
  ) {}

  /** Takes over a row that the journal holds at start; rows in the order of their ids. */
  replay(row: JournalRow, layout: StoredLayout): void {
    this.nextRowId = Math.max(this.nextRowId, row.id + 1);
    this.head.append(layout, row);
    if (row.payload[0] !== PARTIAL) this.changes.observe(layout, row.timestamp, row.payload);
    this.receivedBefore(layout.owner, row.received);
  }

  /** Takes over when an owner was heard of before this start. */
  receivedBefore(owner: number, received: number): void {
    if (received > (this.lastReceived.get(owner) ?? 0)) this.lastReceived.set(owner, received);
  }

  /** Ids up to this one have been used. */
  skipRowIds(through: number): void {
    this.nextRowId = Math.max(this.nextRowId, through + 1);
  }

  onDurable(listener: DurableListener): void {
    this.listeners.push(listener);
  }

  openStream(owner: number, epoch: string): OpenedStream {
    const stream = this.streams.open(owner, epoch);
    return { stream: stream.id, sequence: stream.durable };
  }

  registerLayout(owner: number, layout: Layout, hash: string, maxSeries?: number): RegisteredLayout {
    const known = this.layouts.find(owner, hash);
    if (known !== undefined) return { id: known.id, othersSeries: 0, seriesOverLimit: 0 };
    const { layout: added, othersSeries, seriesOverLimit } = this.addLayout(owner, layout, hash, maxSeries);
    return { id: added.id, othersSeries, seriesOverLimit };
  }

  append(frame: Frame): AppendOutcome {
    const stream = this.streams.get(frame.stream);
    const layout = this.layouts.get(frame.layout);
    if (
      stream === undefined ||
      layout === undefined ||
      stream.owner !== frame.owner ||
      layout.owner !== frame.owner
    )
      throw new Error(
        `Cannot append a frame: stream ${frame.stream} and layout ${frame.layout} must both be of owner ${frame.owner}`,
      );
    const outcome = this.outcomeOf(frame, stream);
    if (outcome !== "accepted") this.rejected[outcome]++;
    if (outcome === "busy") return outcome;
    if (outcome === "duplicate") {
      if (frame.sequence <= stream.durable) this.acknowledgeAgain(stream);
      return outcome;
    }
    stream.accepted = frame.sequence;
    // A dropped frame is acknowledged with the batch that it would have been in: never before an earlier one.
    const batch = this.gatheringBatch();
    if (outcome === "accepted") {
      if (!stream.stored) batch.streams.push(stream);
      stream.stored = true;
      this.add(batch, layout, frame.timestamp, frame.payload, stream.id, frame.sequence);
      stream.lastRow = this.nextRowId - 1;
    }
    batch.acknowledge.set(stream.id, frame.sequence);
    if (batch.full) this.commitNext();
    return outcome;
  }

  /** Stores values of the server itself; one that is not finite counts as absent. Dropped while the disk lags. */
  appendOwn(layout: Layout, timestamp: number, values: ArrayLike<number>): void {
    if (this.pendingBytes > this.options.pendingBytes) {
      this.rejected.busy++;
      return;
    }
    let stored = this.ownLayouts.get(layout);
    if (stored === undefined) {
      const hash = layoutHash(layout);
      stored = this.layouts.find(OWN, hash) ?? this.addLayout(OWN, layout, hash).layout;
      this.ownLayouts.set(layout, stored);
    }
    const finite = Float64Array.from(values, (value) => (Number.isFinite(value) ? value : Number.NaN));
    this.add(this.gatheringBatch(), stored, timestamp, encodeValues(finite), NO_STREAM, 0);
  }

  /** The oldest journal row that is not in the head yet, or the one that will be written next. */
  get oldestPendingId(): number {
    for (const batch of this.inFlight ? [this.inFlight, ...this.waiting] : this.waiting)
      if (batch.firstId !== undefined) return batch.firstId;
    return this.nextRowId;
  }

  /** What the streams' own rows must say before the journal rows that say it now are deleted. */
  positions(): StreamPosition[] {
    return Array.from(this.streams.behind(), ({ id, owner, durable }) => ({
      stream: id,
      sequence: durable,
      received: this.lastReceived.get(owner) ?? 0,
    }));
  }

  /** Resolves when everything taken in is durable. */
  async drain(): Promise<void> {
    this.commitNext();
    if (this.inFlight === undefined) return;
    this.drained ??= Promise.withResolvers<void>();
    await this.drained.promise;
  }

  private outcomeOf(frame: Frame, stream: Stream): AppendOutcome {
    if (frame.sequence <= stream.accepted) return "duplicate";
    if (this.pendingBytes > this.options.pendingBytes || this.head.isBehind(stream.owner)) return "busy";
    const now = this.options.clock.now();
    if (frame.timestamp > now + FUTURE_MS) return "future";
    if (frame.timestamp < now - this.options.retentionMs) return "too_old";
    return "accepted";
  }

  private addLayout(owner: number, layout: Layout, hash: string, maxSeries?: number): AddedLayout {
    const added = this.layouts.add(owner, hash, layout, maxSeries);
    const batch = this.gatheringBatch();
    for (const series of added.fresh) batch.series.push(series);
    batch.layouts.push(added.layout);
    return added;
  }

  private add(
    batch: Batch,
    layout: StoredLayout,
    timestamp: number,
    payload: Uint8Array,
    stream: number,
    sequence: number,
  ): void {
    const received = this.options.clock.now();
    const push = (to: StoredLayout, time: number, values: Uint8Array, from: number, at: number) => {
      const id = this.nextRowId++;
      batch.add({
        id,
        stream: from,
        layout: to.id,
        sequence: at,
        timestamp: time,
        received,
        payload: values,
      });
      this.pendingBytes += frameCost(values);
    };
    for (const ended of this.changes.observe(layout, timestamp, payload))
      push(
        ended.layout,
        ended.timestamp,
        encodeStale(ended.layout.series.length, ended.columns),
        NO_STREAM,
        0,
      );
    push(layout, timestamp, payload, stream, sequence);
    this.lastReceived.set(layout.owner, received);
    this.frames++;
    this.samples += countValues(payload, layout.series.length);
  }

  private acknowledgeAgain(stream: Stream): void {
    if (this.repeated.size === 0)
      queueMicrotask(() => {
        for (const { id, durable } of this.repeated) this.notify(id, durable);
        this.repeated.clear();
      });
    this.repeated.add(stream);
  }

  private gatheringBatch(): Batch {
    let batch = this.waiting.at(-1);
    if (batch === undefined || batch.full) {
      batch = new Batch(this.spare.pop() ?? new BatchMemory());
      this.waiting.push(batch);
      this.gatherTimer ??= setTimeout(() => {
        this.gatherTimer = undefined;
        this.commitNext();
      }, GATHER_MS);
    }
    return batch;
  }

  private commitNext(): void {
    if (this.inFlight !== undefined) return;
    const batch = this.waiting.shift();
    if (batch === undefined) return;
    this.inFlight = batch;
    if (batch.isVoid) this.committed(batch);
    else
      this.writer.commit(batch.message()).then(
        () => this.committed(batch),
        // The writer is gone and has said so; without a commit nothing is acknowledged, and appends become "busy".
        () => this.drained?.resolve(),
      );
  }

  private committed(batch: Batch): void {
    if (!batch.isVoid) this.commits++;
    for (let i = 0; i < batch.rowCount; i++) {
      const row = batch.rowAt(i);
      this.head.append(this.layouts.get(row.layout)!, row);
    }
    this.pendingBytes -= batch.cost;
    if (this.spare.length < SPARE_MEMORIES) this.spare.push(batch.memory);
    this.inFlight = undefined;
    for (const [id, sequence] of batch.acknowledge) {
      this.streams.settle(this.streams.get(id)!, sequence);
      this.notify(id, sequence);
    }
    this.continueCommitting();
  }

  private continueCommitting(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.drained?.resolve();
      this.drained = undefined;
    } else if (next.full || this.gatherTimer === undefined || this.drained !== undefined) this.commitNext();
  }

  private notify(stream: number, sequence: number): void {
    for (const listener of this.listeners) listener(stream, sequence);
  }
}

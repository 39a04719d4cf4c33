import { Block, type BlockSnapshot, type HeadRow } from "./block.ts";
import type { StoredLayout } from "./layout.ts";

/** A block whose bucket has ended is sealed when nothing came for it this long. */
const IDLE_MS = 5 * 60 * 1000;
/** A block is sealed at the latest when its oldest row is this many buckets old. */
const LONGEST_OPEN_BUCKETS = 2;

/** The blocks of one exporter of one owner that still take rows. */
interface ExporterBlocks {
  newestBucket: number;
  readonly open: Set<Block>;
}

/** The committed frames that are not in chunks yet: the journal's mirror in memory. */
export class Head {
  frames = 0;
  bytes = 0;
  private readonly byOwner = new Map<number, Set<Block>>();
  private readonly openBlocks = new Map<StoredLayout, Map<number, Block>>();
  private readonly exporters = new Map<string, ExporterBlocks>();

  /** @param onClosed told of every block that takes no more rows; it stays readable until {@link drop}. */
  constructor(
    private readonly bucketMs: number,
    private readonly onClosed: (block: Block) => void,
  ) {}

  bucketOf(timestamp: number): number {
    return Math.floor(timestamp / this.bucketMs);
  }

  append(layout: StoredLayout, row: HeadRow): void {
    const bucket = this.bucketOf(row.timestamp);
    const block = this.openBlocks.get(layout)?.get(bucket) ?? this.open(layout, bucket);
    const bytes = block.bytes;
    block.append(row);
    this.frames++;
    this.bytes += block.bytes - bytes;
  }

  /** Closes the blocks that nothing is expected for any more. */
  closeDue(now: number): void {
    const idleMs = Math.min(IDLE_MS, this.bucketMs);
    for (const blocks of [...this.openBlocks.values()])
      for (const block of [...blocks.values()]) {
        const idle = now >= block.end && now - block.newestReceived >= idleMs;
        if (idle || now - block.oldestReceived > LONGEST_OPEN_BUCKETS * this.bucketMs) this.close(block);
      }
  }

  /** Forgets a block: its rows are in chunks, or have expired. */
  drop(block: Block): void {
    this.removeOpen(block);
    const blocks = this.byOwner.get(block.layout.owner);
    if (!blocks?.delete(block)) return;
    if (blocks.size === 0) this.byOwner.delete(block.layout.owner);
    this.frames -= block.frames;
    this.bytes -= block.bytes;
  }

  /** Drops the blocks that end before `time`. */
  dropBefore(time: number): void {
    for (const block of [...this.blocks()]) if (block.end <= time) this.drop(block);
  }

  *blocks(): Generator<Block> {
    for (const blocks of this.byOwner.values()) yield* blocks;
  }

  get blockCount(): number {
    let count = 0;
    for (const blocks of this.byOwner.values()) count += blocks.size;
    return count;
  }

  /** The oldest journal row that only the journal and the head hold. */
  oldestId(): number | undefined {
    let oldest = Number.POSITIVE_INFINITY;
    for (const block of this.blocks()) oldest = Math.min(oldest, block.firstId);
    return oldest === Number.POSITIVE_INFINITY ? undefined : oldest;
  }

  /** What a query over `start ≤ timestamp ≤ end` has to read of these owners, oldest rows first. */
  snapshots(owners: Iterable<number>, start: number, end: number): BlockSnapshot[] {
    const found: Block[] = [];
    for (const owner of owners)
      for (const block of this.byOwner.get(owner) ?? [])
        if (block.end > start && block.end - this.bucketMs <= end) found.push(block);
    return found.sort((a, b) => a.firstId - b.firstId).map((block) => block.snapshot());
  }

  private open(layout: StoredLayout, bucket: number): Block {
    const block = new Block(layout, bucket, this.bucketMs);
    const before = this.latestBefore(layout, bucket);
    if (before !== undefined) block.follow(before);
    this.bytes += block.bytes;
    getOrInsert(this.byOwner, layout.owner, () => new Set()).add(block);
    getOrInsert(this.openBlocks, layout, () => new Map()).set(bucket, block);
    this.closeFormerBuckets(block);
    return block;
  }

  private latestBefore(layout: StoredLayout, bucket: number): Block | undefined {
    let latest: Block | undefined;
    for (const block of this.byOwner.get(layout.owner) ?? [])
      if (block.layout === layout && block.bucket < bucket && block.bucket >= (latest?.bucket ?? 0))
        latest = block;
    return latest;
  }

  /** Delivery is in order: the first row of an exporter's next bucket says that the ones before are complete. */
  private closeFormerBuckets(block: Block): void {
    const key = `${block.layout.owner} ${block.layout.exporter}`;
    const exporter = getOrInsert(this.exporters, key, () => ({
      newestBucket: block.bucket,
      open: new Set<Block>(),
    }));
    exporter.open.add(block);
    if (block.bucket <= exporter.newestBucket) return;
    exporter.newestBucket = block.bucket;
    for (const other of [...exporter.open]) if (other.bucket < block.bucket) this.close(other);
  }

  private close(block: Block): void {
    this.removeOpen(block);
    this.onClosed(block);
  }

  private removeOpen(block: Block): void {
    const blocks = this.openBlocks.get(block.layout);
    if (blocks?.get(block.bucket) === block) blocks.delete(block.bucket);
    if (blocks?.size === 0) this.openBlocks.delete(block.layout);
    this.exporters.get(`${block.layout.owner} ${block.layout.exporter}`)?.open.delete(block);
  }
}

function getOrInsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

import { Block, type BlockSnapshot, type HeadRow } from "./block.ts";
import type { StoredLayout } from "./layout.ts";

/** A block whose bucket has ended is sealed when nothing came for it this long. */
const IDLE_MS = 5 * 60 * 1000;
/** A block is sealed at the latest when its oldest row is this many buckets old. */
const LONGEST_OPEN_BUCKETS = 2;
/**
 * Open blocks of one owner: for each layout the bucket that ends and the one that begins, and some for stragglers.
 * Beyond that, whoever jumps in time would get a block for every frame.
 */
const OPEN_PER_LAYOUT = 2;
const OPEN_FOR_STRAGGLERS = 64;
const MAX_OPEN = 1024;
/** Blocks of one owner that take no more rows and wait to be sealed. */
const MAX_UNSEALED = 1024;

/** The blocks of one owner. */
interface OwnerBlocks {
  /** Until their rows are in chunks. */
  readonly byLayout: Map<StoredLayout, Set<Block>>;
  /** Those that still take rows, in the order of their opening. */
  readonly open: Set<Block>;
  count: number;
}

/** The blocks of one exporter of one owner that still take rows. */
interface ExporterBlocks {
  newestBucket: number;
  readonly open: Set<Block>;
}

/** The committed frames that are not in chunks yet: the journal's mirror in memory. */
export class Head {
  frames = 0;
  bytes = 0;
  private readonly byOwner = new Map<number, OwnerBlocks>();
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

  /** True while more blocks of this owner wait to be sealed than may: it should send nothing more for now. */
  isBehind(owner: number): boolean {
    const blocks = this.byOwner.get(owner);
    return blocks !== undefined && blocks.count - blocks.open.size > MAX_UNSEALED;
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
    const { layout } = block;
    const owned = this.byOwner.get(layout.owner);
    const blocks = owned?.byLayout.get(layout);
    if (owned === undefined || !blocks?.delete(block)) return;
    if (blocks.size === 0) owned.byLayout.delete(layout);
    if (--owned.count === 0) this.byOwner.delete(layout.owner);
    this.frames -= block.frames;
    this.bytes -= block.bytes;
  }

  /** Drops the blocks that end before `time`. */
  dropBefore(time: number): void {
    for (const block of [...this.blocks()]) if (block.end <= time) this.drop(block);
  }

  *blocks(): Generator<Block> {
    for (const owner of this.byOwner.keys()) yield* this.blocksOf(owner);
  }

  get blockCount(): number {
    let count = 0;
    for (const owned of this.byOwner.values()) count += owned.count;
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
      for (const block of this.blocksOf(owner))
        if (block.end > start && block.end - this.bucketMs <= end) found.push(block);
    return found.sort((a, b) => a.firstId - b.firstId).map((block) => block.snapshot());
  }

  private open(layout: StoredLayout, bucket: number): Block {
    const block = new Block(layout, bucket, this.bucketMs);
    const owned = getOrInsert(this.byOwner, layout.owner, () => ({
      byLayout: new Map<StoredLayout, Set<Block>>(),
      open: new Set<Block>(),
      count: 0,
    }));
    const ofLayout = getOrInsert(owned.byLayout, layout, () => new Set());
    const before = latestBefore(ofLayout, bucket);
    if (before !== undefined) block.follow(before);
    this.bytes += block.bytes;
    ofLayout.add(block);
    owned.open.add(block);
    owned.count++;
    getOrInsert(this.openBlocks, layout, () => new Map()).set(bucket, block);
    this.closeFormerBuckets(block);
    this.closeSurplus(owned);
    return block;
  }

  private *blocksOf(owner: number): Generator<Block> {
    for (const blocks of this.byOwner.get(owner)?.byLayout.values() ?? []) yield* blocks;
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

  private closeSurplus({ byLayout, open }: OwnerBlocks): void {
    const most = Math.min(MAX_OPEN, OPEN_PER_LAYOUT * byLayout.size + OPEN_FOR_STRAGGLERS);
    for (const block of open) {
      if (open.size <= most) return;
      this.close(block);
    }
  }

  private close(block: Block): void {
    this.removeOpen(block);
    this.onClosed(block);
  }

  private removeOpen(block: Block): void {
    const blocks = this.openBlocks.get(block.layout);
    if (blocks?.get(block.bucket) === block) blocks.delete(block.bucket);
    if (blocks?.size === 0) this.openBlocks.delete(block.layout);
    this.byOwner.get(block.layout.owner)?.open.delete(block);
    this.exporters.get(`${block.layout.owner} ${block.layout.exporter}`)?.open.delete(block);
  }
}

function latestBefore(blocks: Iterable<Block>, bucket: number): Block | undefined {
  let latest: Block | undefined;
  for (const block of blocks)
    if (block.bucket < bucket && block.bucket >= (latest?.bucket ?? 0)) latest = block;
  return latest;
}

function getOrInsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

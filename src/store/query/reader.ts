import type { Statement } from "bun:sqlite";
import type { Labels } from "../../metrics/labels.ts";
import { QueryError } from "../../promql/error.ts";
import type { SeriesSamples } from "../../promql/source.ts";
import { chunkCount, decodeChunk } from "../codec.ts";
import type { Connection } from "../database.ts";
import type { BlockSnapshot } from "../head/block.ts";
import { BlockReader } from "../head/block_reader.ts";
import { clip, mergeSamples, type Samples } from "../samples.ts";
import type { Selection } from "./protocol.ts";

/**
 * Series whose ids lie this close are read by one scan: passing over an unwanted row costs a sixteenth of a look-up
 * (measured: 0.12–0.21 µs against 2.4–2.9 µs).
 */
const SCAN_GAP = 16;
const REMEMBERED_LABELS = 200_000;

/** Reads series from chunks and head blocks, on a connection of its own. */
export class SeriesReader {
  private readonly span: Statement;
  private readonly scan: Statement;
  private readonly findLabels: Statement;
  private readonly labels = new Map<number, Labels>();

  constructor(
    connection: Connection,
    private readonly bucketMs: number,
  ) {
    this.span = connection.prepare(
      "SELECT (SELECT min(key) FROM chunk) >> 32 AS oldest, (SELECT max(key) FROM chunk) >> 32 AS newest",
    );
    this.scan = connection.prepare(
      "SELECT series, data FROM chunk WHERE key BETWEEN (?1 << 32 | ?2) AND (?1 << 32 | ?3)",
    );
    this.findLabels = connection.prepare("SELECT labels FROM series WHERE id = ?");
  }

  /**
   * The samples with `start ≤ timestamp ≤ end` of those selected series that have any.
   * @throws QueryError ("limit") when there are more than `maxSamples`.
   */
  read({ ids, blocks }: Selection, start: number, end: number, maxSamples: number): SeriesSamples[] {
    const budget = new SampleBudget(maxSamples);
    const wanted = new Map<number, Pieces>();
    for (const id of ids) wanted.set(id, { chunks: [], head: [] });
    this.readChunks(ids, wanted, start, end, budget);
    for (const block of blocks) readBlock(block, wanted, start, end, budget);

    const found: SeriesSamples[] = [];
    for (const [id, pieces] of wanted) {
      const samples = assemble(pieces, start, end);
      if (samples.timestamps.length > 0) found.push({ labels: this.labelsOf(id), ...samples });
    }
    return found;
  }

  private readChunks(
    ids: Uint32Array,
    wanted: ReadonlyMap<number, Pieces>,
    start: number,
    end: number,
    budget: SampleBudget,
  ): void {
    const stored = this.span.get() as { oldest: number | null; newest: number | null };
    if (stored.oldest === null || stored.newest === null) return;
    const first = Math.max(stored.oldest, Math.floor(start / this.bucketMs));
    const last = Math.min(stored.newest, Math.floor(end / this.bucketMs));
    const ranges = closeRanges(ids);
    for (let bucket = first; bucket <= last; bucket++)
      for (const [lowest, highest] of ranges)
        for (const [series, data] of this.scan.values(bucket, lowest, highest) as [number, Uint8Array][]) {
          const pieces = wanted.get(series);
          if (pieces === undefined) continue;
          budget.take(chunkCount(data));
          pieces.chunks.push(data);
        }
  }

  private labelsOf(id: number): Labels {
    let labels = this.labels.get(id);
    if (labels === undefined) {
      const row = this.findLabels.get(id) as { labels: string };
      labels = JSON.parse(row.labels) as Labels;
      if (this.labels.size >= REMEMBERED_LABELS) this.labels.clear();
      this.labels.set(id, labels);
    }
    return labels;
  }
}

/** What was found of one series. */
interface Pieces {
  /** One per bucket, oldest first. */
  readonly chunks: Uint8Array[];
  /** In the order of writing. */
  readonly head: Samples[];
}

class SampleBudget {
  private taken = 0;

  constructor(private readonly limit: number) {}

  take(count: number): void {
    this.taken += count;
    if (this.taken > this.limit)
      throw new QueryError(
        "limit",
        `query needs too many samples: at most ${this.limit} are allowed. Select fewer series or a shorter time range`,
      );
  }
}

function readBlock(
  block: BlockSnapshot,
  wanted: ReadonlyMap<number, Pieces>,
  start: number,
  end: number,
  budget: SampleBudget,
): void {
  const columns: number[] = [];
  for (let column = 0; column < block.series.length; column++)
    if (wanted.has(block.series[column]!)) columns.push(column);
  if (columns.length === 0) return;
  const reader = new BlockReader(block, start, end);
  budget.take(reader.rows * columns.length);
  for (const [k, samples] of reader.read(Uint32Array.from(columns)).entries())
    if (samples.timestamps.length > 0) wanted.get(block.series[columns[k]!]!)!.head.push(samples);
}

function assemble({ chunks, head }: Pieces, start: number, end: number): Samples {
  let samples = clip(decodeChunks(chunks), start, end);
  for (const piece of head) samples = mergeSamples(samples, clip(piece, start, end)).samples;
  return samples;
}

function decodeChunks(chunks: readonly Uint8Array[]): Samples {
  const total = chunks.reduce((sum, chunk) => sum + chunkCount(chunk), 0);
  const timestamps = new Float64Array(total);
  const values = new Float64Array(total);
  let at = 0;
  for (const chunk of chunks) at += decodeChunk(chunk, timestamps, values, at);
  return { timestamps, values };
}

/** Covers ascending ids by ranges, both ends included, none of which passes over a wide gap. */
function closeRanges(ids: Uint32Array): [lowest: number, highest: number][] {
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const range = ranges[ranges.length - 1];
    if (range !== undefined && id - range[1] <= SCAN_GAP) range[1] = id;
    else ranges.push([id, id]);
  }
  return ranges;
}

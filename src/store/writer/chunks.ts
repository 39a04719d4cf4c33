import type { Statement } from "bun:sqlite";
import { ChunkEncoder, ChunkError, chunkCount, decodeChunk, MAX_CHUNK_SAMPLES } from "../codec.ts";
import type { Connection } from "../database.ts";
import type { BlockSnapshot } from "../head/block.ts";
import { BlockReader } from "../head/block_reader.ts";
import { NO_SERIES } from "../index/series_index.ts";
import { mergeSamples, type Samples } from "../samples.ts";
import type { SealResult } from "./protocol.ts";

/** Cells (rows × columns) that a seal transposes in one step: 2 MiB, a few milliseconds. */
const STEP_CELLS = 256 * 1024;
/** Chunk rows deleted in one step. */
const EXPIRE_ROWS = 1000;

/** Seals head blocks into chunks, and deletes chunks. Runs inside the caller's transactions. */
export class ChunkTable {
  private readonly encoder = new ChunkEncoder();
  private readonly seriesBetween: Statement;
  private readonly read: Statement;
  private readonly write: Statement;
  private readonly mark: Statement;
  private readonly deleteSome: Statement;
  private readonly deleteMarks: Statement;

  constructor(connection: Connection) {
    this.seriesBetween = connection.prepare(
      "SELECT series FROM chunk WHERE key BETWEEN (?1 << 32 | ?2) AND (?1 << 32 | ?3)",
    );
    this.read = connection.prepare("SELECT data FROM chunk WHERE key = (?1 << 32 | ?2)");
    this.write = connection.prepare("INSERT OR REPLACE INTO chunk (key, data) VALUES (?1 << 32 | ?2, ?3)");
    this.mark = connection.prepare(
      "INSERT OR REPLACE INTO sealed (layout, bucket, through_id) VALUES (?, ?, ?)",
    );
    this.deleteSome = connection.prepare(
      `DELETE FROM chunk WHERE key <= (SELECT max(key) FROM
         (SELECT key FROM chunk WHERE key < (? << 32) ORDER BY key LIMIT ${EXPIRE_ROWS}))`,
    );
    this.deleteMarks = connection.prepare("DELETE FROM sealed WHERE bucket < ?");
  }

  /**
   * Writes one chunk per series of the block and, last, its mark. Chunks without the mark do no harm: queries merge
   * them with the head, and a second seal merges into them the same samples once more.
   */
  *seal(block: BlockSnapshot): Generator<undefined, SealResult> {
    const reader = new BlockReader(block);
    const columns = usedColumns(block);
    const existing = this.existingSeries(block, columns);
    const group = Math.max(1, Math.floor(STEP_CELLS / reader.rows));
    const result = { merged: 0, damaged: 0 };
    for (let from = 0; from < columns.length; from += group) {
      const wanted = columns.subarray(from, from + group);
      for (const [k, samples] of reader.read(wanted).entries())
        this.writeChunk(block.bucket, block.series[wanted[k]!]!, samples, existing, result);
      yield;
    }
    this.mark.run(block.layout, block.bucket, block.throughId);
    return result;
  }

  /** Deletes every chunk below a bucket, oldest first. */
  *expire(oldestKept: number): Generator<undefined, undefined> {
    while (this.deleteSome.run(oldestKept).changes > 0) yield;
    this.deleteMarks.run(oldestKept);
    return undefined;
  }

  /** The series of the block that have a chunk already, from another layout or an earlier seal. */
  private existingSeries(block: BlockSnapshot, columns: Uint32Array): ReadonlySet<number> {
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    for (const column of columns) {
      lowest = Math.min(lowest, block.series[column]!);
      highest = Math.max(highest, block.series[column]!);
    }
    if (columns.length === 0) return new Set();
    return new Set(this.seriesBetween.values(block.bucket, lowest, highest).map((row) => row[0] as number));
  }

  private writeChunk(
    bucket: number,
    series: number,
    samples: Samples,
    existing: ReadonlySet<number>,
    result: { merged: number; damaged: number },
  ): void {
    if (samples.timestamps.length === 0) return;
    let all = samples;
    if (existing.has(series)) {
      const stored = this.readChunk(bucket, series);
      if (stored === undefined) result.damaged++;
      else {
        const joined = mergeSamples(stored, samples);
        all = joined.samples;
        result.merged += joined.overlaps;
      }
    }
    this.write.run(bucket, series, this.encode(all));
  }

  /** Undefined when the stored bytes are damaged: what they held is lost, and must not stop the seal. */
  private readChunk(bucket: number, series: number): Samples | undefined {
    const { data } = this.read.get(bucket, series) as { data: Uint8Array };
    try {
      return decodeAll(data);
    } catch (error) {
      if (error instanceof ChunkError) return undefined;
      throw error;
    }
  }

  /** A chunk has room for 146 samples a second: of more than that, the newest are kept. */
  private encode({ timestamps, values }: Samples): Uint8Array {
    const excess = Math.max(0, timestamps.length - MAX_CHUNK_SAMPLES);
    return this.encoder.encode(timestamps.subarray(excess), values.subarray(excess));
  }
}

function decodeAll(chunk: Uint8Array): Samples {
  const count = chunkCount(chunk);
  const timestamps = new Float64Array(count);
  const values = new Float64Array(count);
  decodeChunk(chunk, timestamps, values, 0);
  return { timestamps, values };
}

function usedColumns(block: BlockSnapshot): Uint32Array {
  const columns: number[] = [];
  for (let column = 0; column < block.series.length; column++)
    if (block.series[column] !== NO_SERIES) columns.push(column);
  return Uint32Array.from(columns);
}

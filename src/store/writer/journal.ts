import type { Statement } from "bun:sqlite";
import type { Connection } from "../database.ts";
import {
  type CommitBatch,
  ROW_FIELDS,
  ROW_ID,
  ROW_LAYOUT,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_RECEIVED,
  ROW_SEQUENCE,
  ROW_STREAM,
  ROW_TIMESTAMP,
  type Trim,
} from "./protocol.ts";

/** Rows deleted in one step: about a megabyte. */
const TRIM_ROWS = 500;

/** Writes and trims the journal, and the rows that its rows refer to. Runs inside the caller's transactions. */
export class JournalTable {
  private readonly insertSeries: Statement;
  private readonly insertLayout: Statement;
  private readonly insertStream: Statement;
  private readonly insertRow: Statement;
  private readonly updatePosition: Statement;
  private readonly oldestRow: Statement;
  private readonly deleteRows: Statement;
  private readonly deleteMarks: Statement;
  private readonly deleteStream: Statement;

  constructor(connection: Connection) {
    const ignore = "ON CONFLICT DO NOTHING";
    this.insertSeries = connection.prepare(
      `INSERT INTO series (id, owner, labels) VALUES (?, ?, ?) ${ignore}`,
    );
    this.insertLayout = connection.prepare(
      `INSERT INTO layout (id, owner, hash, exporter, interval, series) VALUES (?, ?, ?, ?, ?, ?) ${ignore}`,
    );
    // An epoch that was forgotten and comes again has a new id; its old row may not be deleted yet.
    this.insertStream = connection.prepare(
      "INSERT OR REPLACE INTO stream (id, owner, epoch) VALUES (?, ?, ?)",
    );
    this.insertRow = connection.prepare(
      `INSERT INTO journal (id, stream, layout, sequence, timestamp, received, payload) VALUES (?, ?, ?, ?, ?, ?, ?) ${ignore}`,
    );
    this.updatePosition = connection.prepare(
      "UPDATE stream SET sequence = max(sequence, ?2), received = max(received, ?3) WHERE id = ?1",
    );
    this.oldestRow = connection.prepare("SELECT min(id) AS id FROM journal");
    this.deleteRows = connection.prepare("DELETE FROM journal WHERE id >= ? AND id < ?");
    this.deleteMarks = connection.prepare("DELETE FROM sealed WHERE through_id < ?");
    this.deleteStream = connection.prepare("DELETE FROM stream WHERE id = ?");
  }

  write(batch: CommitBatch): void {
    for (const { id, owner, labels } of batch.series)
      this.insertSeries.run(id, owner, JSON.stringify(labels));
    for (const { id, owner, hash, exporter, interval, series } of batch.layouts)
      this.insertLayout.run(id, owner, hash, exporter, interval, new Uint8Array(series.slice().buffer));
    for (const { id, owner, epoch } of batch.streams) this.insertStream.run(id, owner, epoch);
    const { rows, payloads } = batch;
    for (let at = 0; at < batch.rowCount * ROW_FIELDS; at += ROW_FIELDS) {
      const offset = rows[at + ROW_OFFSET]!;
      this.insertRow.run(
        rows[at + ROW_ID]!,
        rows[at + ROW_STREAM]!,
        rows[at + ROW_LAYOUT]!,
        rows[at + ROW_SEQUENCE]!,
        rows[at + ROW_TIMESTAMP]!,
        rows[at + ROW_RECEIVED]!,
        payloads.subarray(offset, offset + rows[at + ROW_LENGTH]!),
      );
    }
  }

  /**
   * Deletes the rows below an id, oldest first, and then the marks that only they needed. The positions of their
   * streams, which could be read from the rows until now, are kept first; forgotten streams go last.
   */
  *trim({ below, positions, forgotten }: Trim): Generator<undefined, undefined> {
    for (const { stream, sequence, received } of positions)
      this.updatePosition.run(stream, sequence, received);
    const { id: oldest } = this.oldestRow.get() as { id: number | null };
    for (let from = oldest ?? below; from < below; from += TRIM_ROWS) {
      this.deleteRows.run(from, Math.min(from + TRIM_ROWS, below));
      yield;
    }
    this.deleteMarks.run(below);
    for (const stream of forgotten) this.deleteStream.run(stream);
    return undefined;
  }
}

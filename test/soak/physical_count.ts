import { Database } from "bun:sqlite";
import { chunkCount } from "../../src/store/codec.ts";
import { databasePath } from "../../src/store/files.ts";

/** What stands in the database of a server that has ended, counted without its help. */
export interface Physical {
  readonly chunks: number;
  readonly samplesInChunks: number;
  readonly journalRows: number;
  /** Journal rows of agents whose (stream, sequence) another row has too. */
  readonly journalDuplicates: number;
  /** What `PRAGMA integrity_check` says: "ok". */
  readonly integrity: string;
}

export function physicalCount(dataDir: string): Physical {
  const database = new Database(databasePath(dataDir), { readonly: true });
  try {
    const chunks = database.query<{ data: Uint8Array }, []>("SELECT data FROM chunk").all();
    const journal = database
      .query<{ rows: number; distinct_rows: number; own: number }, []>(
        `SELECT count(*) AS rows, count(DISTINCT CASE WHEN stream > 0 THEN stream || ' ' || sequence END) AS distinct_rows,
                count(*) FILTER (WHERE stream = 0) AS own FROM journal`,
      )
      .get()!;
    const { integrity_check } = database
      .query<{ integrity_check: string }, []>("PRAGMA integrity_check")
      .get()!;
    return {
      chunks: chunks.length,
      samplesInChunks: chunks.reduce((sum, { data }) => sum + chunkCount(data), 0),
      journalRows: journal.rows,
      journalDuplicates: journal.rows - journal.own - journal.distinct_rows,
      integrity: integrity_check,
    };
  } finally {
    database.close();
  }
}

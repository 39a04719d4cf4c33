import { Database } from "bun:sqlite";
import { chunkSummary } from "../../src/store/codec.ts";
import { databasePath } from "../../src/store/files.ts";

/** Where the bytes of a server's database are. Definitions as in DESIGN section 6: the journal is told apart. */
export interface DatabaseSize {
  /** Non-stale samples in chunks. */
  samples: number;
  chunks: number;
  /** The chunks' own bytes, without what SQLite needs for rows and pages. */
  chunkPayload: number;
  /** Whole pages of the tables that keep chunks and find them: chunk, series, layout. */
  kept: number;
  /** Whole pages of the journal, which becomes free once its frames are in chunks. */
  journal: number;
  /** The file and its WAL. */
  file: number;
}

const KEPT = new Set(["chunk", "series", "layout", "sqlite_autoindex_layout_1"]);

/** Reads a data directory whose server has ended. */
export async function measureDatabase(dataDir: string): Promise<DatabaseSize> {
  const path = databasePath(dataDir);
  const file =
    Bun.file(path).size + ((await Bun.file(`${path}-wal`).exists()) ? Bun.file(`${path}-wal`).size : 0);
  using database = new Database(path, { readonly: true });
  const size: DatabaseSize = { samples: 0, chunks: 0, chunkPayload: 0, kept: 0, journal: 0, file };
  const tables = database.query<{ name: string; bytes: number }, []>(
    "SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name",
  );
  for (const { name, bytes } of tables.iterate()) {
    if (KEPT.has(name)) size.kept += bytes;
    else if (name === "journal") size.journal += bytes;
  }
  for (const { data } of database.query<{ data: Uint8Array }, []>("SELECT data FROM chunk").iterate()) {
    size.samples += chunkSummary(data).present;
    size.chunks++;
    size.chunkPayload += data.length;
  }
  return size;
}

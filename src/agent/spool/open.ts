import { Database, SQLiteError } from "bun:sqlite";
import { statSync } from "node:fs";
import { randomHex } from "../../lib/random.ts";
import schema from "./schema.sql" with { type: "text" };

export const PAGE_BYTES = 4096;
const SCHEMA_VERSION = 1;
/** Another agent that is just ending gets this long to let go of the file, in milliseconds. */
const BUSY_TIMEOUT_MS = 2000;
/** Beyond this size damage is noticed when it is read, not at the start: the check reads the whole file. */
const MAX_CHECKED_BYTES = 2 ** 30;

/** The file cannot be used any more. */
export class SpoolDamaged extends Error {
  override readonly name = "SpoolDamaged";
}

/** Another process has the file open. */
export class SpoolInUse extends Error {
  override readonly name = "SpoolInUse";
}

/**
 * Opens the database of a spool for this process alone, or makes it. A commit has reached the disk when it returns.
 * @throws SpoolDamaged, SpoolInUse, SQLiteError (the disk is full, read-only, not permitted, …)
 */
export function openSpoolDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    const isNew = !checkFile(path);
    database = new Database(path, { create: true, readwrite: true, strict: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
    database.run("PRAGMA auto_vacuum = INCREMENTAL");
    // Keeps the lock, and the index of the WAL in memory instead of a third file.
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = FULL");
    database.run("PRAGMA temp_store = MEMORY");
    database.run("PRAGMA cache_size = -512");
    database.run("PRAGMA cell_size_check = ON");
    if (isNew) database.transaction(create)(database);
    else check(database);
    return database;
  } catch (error) {
    database?.close();
    throw explained(error);
  }
}

/** 16 bytes in hex. */
export function randomEpoch(): string {
  return randomHex(16);
}

/** Makes the two cases that the caller has to tell apart into errors of their own. */
export function explained(error: unknown): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const code = error.code ?? "";
  if (/^SQLITE_(CORRUPT|NOTADB|FORMAT|IOERR_CORRUPTFS|IOERR_DATA)/.test(code))
    return new SpoolDamaged(error.message, { cause: error });
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return new SpoolInUse(error.message, { cause: error });
  return error;
}

/** @returns false when there is no file. */
function checkFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isFile()) throw new SpoolDamaged("it is not a file");
  if (stat.size === 0) throw new SpoolDamaged("it is empty");
  return true;
}

function create(database: Database): void {
  database.run(schema);
  database.query("INSERT INTO state VALUES (1, $epoch, 0, 0)").run({ epoch: randomEpoch() });
}

function check(database: Database): void {
  const { user_version: version } = database.query("PRAGMA user_version").get() as { user_version: number };
  if (version !== SCHEMA_VERSION)
    throw new SpoolDamaged(`its schema is version ${version}, expected ${SCHEMA_VERSION}`);
  const { page_count: pages } = database.query("PRAGMA page_count").get() as { page_count: number };
  if (pages * PAGE_BYTES > MAX_CHECKED_BYTES) return;
  const { quick_check: verdict } = database.query("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (verdict !== "ok") throw new SpoolDamaged(verdict);
}

import { Database, SQLiteError } from "bun:sqlite";
import { explain } from "./database.ts";
import { lockPath } from "./files.ts";

/**
 * Holds a data directory for this process, so that two servers never write one database. The lock is SQLite's own
 * exclusive lock on an empty file: the kernel drops it when the process dies, however that happens.
 */
export class DataDirLock {
  private constructor(private readonly database: Database) {}

  /** @throws Error that says what to do: another server holds it, or the lock's file cannot be used. */
  static acquire(dataDir: string): DataDirLock {
    const path = lockPath(dataDir);
    let database: Database | undefined;
    try {
      database = new Database(path, { create: true, readwrite: true });
      database.run("BEGIN EXCLUSIVE");
      return new DataDirLock(database);
    } catch (cause) {
      database?.close();
      if (!(cause instanceof SQLiteError && cause.code?.startsWith("SQLITE_BUSY")))
        throw explain(cause, path);
      throw new Error(
        `Cannot use the data directory "${dataDir}": another dcmon server is running on it. Stop that one ("fuser ${path}" names it), or start this one with another --data-dir.`,
        { cause },
      );
    }
  }

  release(): void {
    this.database.close();
  }
}

import { Database } from "bun:sqlite";
import { lockPath } from "./files.ts";

/**
 * Holds a data directory for this process, so that two servers never write one database. The lock is SQLite's own
 * exclusive lock on an empty file: the kernel drops it when the process dies, however that happens.
 */
export class DataDirLock {
  private constructor(private readonly database: Database) {}

  static acquire(dataDir: string): DataDirLock {
    const path = lockPath(dataDir);
    const database = new Database(path, { create: true, readwrite: true });
    try {
      database.run("BEGIN EXCLUSIVE");
    } catch (cause) {
      database.close();
      throw new Error(
        `Cannot use the data directory "${dataDir}": another dcmon server is running on it. Stop that one ("fuser ${path}" names it), or start this one with another --data-dir.`,
        { cause },
      );
    }
    return new DataDirLock(database);
  }

  release(): void {
    this.database.close();
  }
}

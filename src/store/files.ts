import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../lib/system_error.ts";

/** Every name that the store uses in its data directory. SQLite adds `-wal` and `-shm` to the first. */
const DATABASE = "dcmon.db";
const LOCK = "dcmon.lock";

export function databasePath(dataDir: string): string {
  return join(dataDir, DATABASE);
}

export function lockPath(dataDir: string): string {
  return join(dataDir, LOCK);
}

/**
 * Makes the directory (0700) when it is missing, and the database file (0600; SQLite gives its companions the same
 * mode). The mode of a directory that exists is the operator's.
 */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = databasePath(dataDir);
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
  } catch (cause) {
    throw new Error(
      `Cannot use the data directory "${dataDir}": ${reasonOf(cause, "it cannot be made there")}. Give the user that runs dcmon write access, or choose another one with --data-dir.`,
      { cause },
    );
  }
}

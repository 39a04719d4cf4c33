import { Database, SQLiteError, type Statement } from "bun:sqlite";
import { databasePath } from "./files.ts";
import spine from "./migrations/001_spine.sql" with { type: "text" };

/** In order; the database's `user_version` counts how many have run. */
const MIGRATIONS = [spine];

/** WAL beyond this is given back to the file system after a checkpoint. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens the only writable connection, with the schema up to date. A commit has reached the disk when it returns.
 * @throws Error that says what to do when the database is newer than this program, damaged or unreadable.
 */
export function openDatabase(dataDir: string): Connection {
  const path = databasePath(dataDir);
  let database: Database | undefined;
  try {
    database = new Database(path, { create: true, readwrite: true, strict: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = FULL");
    database.run("PRAGMA foreign_keys = ON");
    database.run("PRAGMA temp_store = MEMORY");
    database.run("PRAGMA cache_size = -16384");
    database.run(`PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`);
    const connection = new Connection(database);
    migrate(connection, path);
    return connection;
  } catch (error) {
    database?.close();
    throw explain(error, path);
  }
}

/** Opens a connection that cannot write. The database must have been opened by {@link openDatabase} before. */
export function openReadOnly(dataDir: string): Connection {
  const database = new Database(databasePath(dataDir), { readonly: true, strict: true });
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.run("PRAGMA query_only = ON");
  database.run("PRAGMA temp_store = MEMORY");
  database.run("PRAGMA cache_size = -32768");
  return new Connection(database);
}

/** A connection with the statements that were prepared on it. */
export class Connection {
  private readonly statements: Statement[] = [];

  constructor(private readonly database: Database) {}

  prepare(sql: string): Statement {
    const statement = this.database.prepare(sql);
    this.statements.push(statement);
    return statement;
  }

  run(sql: string): void {
    this.database.run(sql);
  }

  /** Runs `work` in one transaction. When it throws, nothing of it remains. */
  transaction<T>(work: () => T): T {
    this.database.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.database.run("COMMIT");
      return result;
    } catch (error) {
      // After SQLITE_FULL or SQLITE_IOERR SQLite may have rolled back by itself.
      if (this.database.inTransaction) this.database.run("ROLLBACK");
      throw error;
    }
  }

  /** The last connection to close moves the WAL into the database. */
  close(): void {
    for (const statement of this.statements) statement.finalize();
    this.database.close(true);
  }
}

/** Turns what SQLite says about a database file into a sentence with the operator's next step. */
export function explain(error: unknown, path: string): Error {
  if (!(error instanceof SQLiteError)) return error as Error;
  const code = error.code ?? `error ${error.errno}`;
  const advice =
    ADVICE.find(([prefix]) => code.startsWith(prefix))?.[1] ??
    `Check the disk and the permissions of "${path}".`;
  return new Error(`Cannot use the database "${path}": ${error.message} (${code}). ${advice}`, {
    cause: error,
  });
}

const RESTORE =
  "Move the file and its -wal and -shm companions aside, then restore a backup or start with an empty database; the sqlite3 program's .recover command may save what it holds.";

const ADVICE: readonly (readonly [codePrefix: string, advice: string])[] = [
  ["SQLITE_CORRUPT", RESTORE],
  ["SQLITE_NOTADB", RESTORE],
  ["SQLITE_CANTOPEN", "Check that the directory exists and that the user that runs dcmon may write to it."],
  ["SQLITE_READONLY", "Give the user that runs dcmon write access to the file and its directory."],
  ["SQLITE_PERM", "Give the user that runs dcmon write access to the file and its directory."],
  ["SQLITE_FULL", "Free some space on that file system; dcmon goes on by itself."],
  ["SQLITE_IOERR", "The disk reported an error: see the kernel's log (dmesg) and check the drive."],
  ["SQLITE_BUSY", "Another program holds the database: close it."],
];

function migrate(connection: Connection, path: string): void {
  const { user_version: version } = connection.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (version > MIGRATIONS.length)
    throw new Error(
      `Cannot use the database "${path}": its schema is version ${version}, this dcmon knows versions up to ${MIGRATIONS.length}. Install the dcmon that wrote it, or a newer one.`,
    );
  for (let next = version; next < MIGRATIONS.length; next++)
    connection.transaction(() => {
      connection.run(MIGRATIONS[next]!);
      connection.run(`PRAGMA user_version = ${next + 1}`);
    });
}

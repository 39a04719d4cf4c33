import { SQLiteError } from "bun:sqlite";
import { type Connection, explain, openDatabase } from "../database.ts";
import { databasePath } from "../files.ts";
import { ChunkTable } from "./chunks.ts";
import { JournalTable } from "./journal.ts";
import type { CommitBatch, WriterReply, WriterRequest, WriterResult } from "./protocol.ts";
import { RecordTables } from "./records.ts";

/** How long one background transaction works before it lets a waiting commit pass. */
const SLICE_MS = 8;
/** Between two attempts at a transaction that failed. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5000;
/** After this many I/O errors in a row the connection is opened anew: its view of the file is doubtful. */
const REOPEN_AFTER_IO_ERRORS = 3;

/** Work that may be cut anywhere between two steps, and may be done again from its beginning. */
interface Task {
  readonly id: number;
  readonly kind: "seal" | "trim" | "retention";
  readonly begin: (tables: Tables) => Generator<undefined, WriterResult>;
  running?: Generator<undefined, WriterResult> | undefined;
}

/** Everything that writes to the database, on one connection. Commits come first; the rest runs in slices. */
export class Writer {
  private tables: Tables;
  private waiting: { id: number; batch: CommitBatch } | undefined;
  private readonly tasks: Task[] = [];
  private sliceTimer: Timer | undefined;
  private readonly commits = new Setbacks();
  private readonly background = new Setbacks();
  private commitErrors = 0;

  /** @param trace told "commit begin", "seal end" and so on, before the work begins and after it is durable. */
  constructor(
    private readonly dataDir: string,
    private readonly reply: (reply: WriterReply) => void,
    private readonly trace: (phase: string) => void,
  ) {
    this.tables = new Tables(openDatabase(dataDir));
  }

  handle(request: Exclude<WriterRequest, { kind: "open" }>): void {
    switch (request.kind) {
      case "commit":
        this.waiting = { id: request.id, batch: request.batch };
        this.commit();
        break;
      case "record":
        this.record(request.id, () => this.tables.records.handle(request.record));
        break;
      case "seal":
        this.add({ id: request.id, kind: "seal", begin: ({ chunks }) => chunks.seal(request.block) });
        break;
      case "trim":
        this.add({ id: request.id, kind: "trim", begin: ({ journal }) => journal.trim(request.trim) });
        break;
      case "retain":
        this.add({
          id: request.id,
          kind: "retention",
          begin: function* ({ chunks, records }) {
            records.expire(request.now);
            return yield* chunks.expire(request.oldestBucket);
          },
        });
        break;
      case "close":
        clearTimeout(this.sliceTimer);
        this.tables.connection.close();
        this.reply({ kind: "closed" });
        break;
      default:
        request satisfies never;
    }
  }

  /** Keeps the batch until it is durable, whatever happens: nothing is acknowledged and nothing lost meanwhile. */
  private commit(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    this.trace("commit begin");
    try {
      this.tables.connection.transaction(() => this.tables.journal.write(waiting.batch));
    } catch (error) {
      this.commitErrors++;
      setTimeout(() => this.commit(), this.failed(this.commits, error));
      return;
    }
    this.trace("commit end");
    this.waiting = undefined;
    this.succeeded(this.commits);
    this.reply({ kind: "done", id: waiting.id, result: undefined });
  }

  private record(id: number, write: () => WriterResult): void {
    try {
      const result = this.tables.connection.transaction(write);
      this.reply({ kind: "done", id, result });
    } catch (error) {
      this.reply({ kind: "failed", id, message: explain(error, databasePath(this.dataDir)).message });
    }
  }

  private add(task: Task): void {
    this.tasks.push(task);
    this.scheduleSlice(0);
  }

  private scheduleSlice(delayMs: number): void {
    if (this.sliceTimer !== undefined || this.tasks.length === 0) return;
    this.sliceTimer = setTimeout(() => {
      this.sliceTimer = undefined;
      this.scheduleSlice(this.runSlice());
    }, delayMs);
  }

  /** One transaction over the first tasks of one kind. @returns after how long the next one may run. */
  private runSlice(): number {
    const kind = this.tasks[0]!.kind;
    this.trace(`${kind} begin`);
    let results: WriterResult[];
    try {
      results = this.tables.connection.transaction(() => this.stepTasks(kind));
    } catch (error) {
      for (const task of this.tasks) task.running = undefined;
      return this.failed(this.background, error);
    }
    this.trace(`${kind} end`);
    this.succeeded(this.background);
    for (const [i, task] of this.tasks.splice(0, results.length).entries())
      this.reply({ kind: "done", id: task.id, result: results[i] });
    return 0;
  }

  /** @returns the results of those tasks, from the first, that came to their end. */
  private stepTasks(kind: Task["kind"]): WriterResult[] {
    const deadline = performance.now() + SLICE_MS;
    const results: WriterResult[] = [];
    for (const task of this.tasks) {
      if (task.kind !== kind) break;
      task.running ??= task.begin(this.tables);
      let step = task.running.next();
      while (!step.done && performance.now() < deadline) step = task.running.next();
      if (!step.done) break;
      results.push(step.value);
      if (performance.now() >= deadline) break;
    }
    return results;
  }

  private succeeded(work: Setbacks): void {
    if (work.failures === 0) return;
    work.clear();
    this.report();
  }

  /** @returns after how long to try again. */
  private failed(work: Setbacks, error: unknown): number {
    work.reason = explain(error, databasePath(this.dataDir)).message;
    if (error instanceof SQLiteError && error.code?.startsWith("SQLITE_IOERR")) work.ioErrors++;
    if (work.ioErrors >= REOPEN_AFTER_IO_ERRORS) this.reopen(work);
    this.report();
    return Math.min(FIRST_RETRY_MS * 2 ** work.failures++, LONGEST_RETRY_MS);
  }

  /** What keeps commits from the disk comes first: it keeps agents' frames waiting. */
  private report(): void {
    const message = this.commits.reason ?? this.background.reason;
    this.reply({ kind: "trouble", message, commitErrors: this.commitErrors });
  }

  private reopen(work: Setbacks): void {
    work.ioErrors = 0;
    try {
      const tables = new Tables(openDatabase(this.dataDir));
      this.tables.connection.close();
      this.tables = tables;
    } catch (error) {
      work.reason = (error as Error).message;
    }
    for (const task of this.tasks) task.running = undefined;
  }
}

/** Failures in a row of one kind of work. Each kind has its own: one that succeeds says nothing of the other. */
class Setbacks {
  failures = 0;
  ioErrors = 0;
  /** Of the last one, in words. */
  reason: string | undefined;

  clear(): void {
    this.failures = 0;
    this.ioErrors = 0;
    this.reason = undefined;
  }
}

/** The statements of one connection. */
class Tables {
  readonly journal: JournalTable;
  readonly chunks: ChunkTable;
  readonly records: RecordTables;

  constructor(readonly connection: Connection) {
    this.journal = new JournalTable(connection);
    this.chunks = new ChunkTable(connection);
    this.records = new RecordTables(connection);
  }
}

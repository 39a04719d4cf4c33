import type { Database } from "bun:sqlite";
import type { Layout } from "../../wire/layout.ts";
import type { NumberedReading, SpooledFrame } from "./frame.ts";
import { explained, openSpoolDatabase, PAGE_BYTES, SpoolDamaged } from "./open.ts";
import { Ring } from "./ring.ts";
import { type FrameRow, Statements } from "./statements.ts";

/** Sequences are reserved on disk in blocks, so that one that was used is never given out again. */
const RESERVED_BLOCK = 2 ** 20;
/** Rows and pages in one transaction, so that none keeps the agent for long. */
const DELETED_AT_ONCE = 256;
const OVERWRITTEN_AT_ONCE = 8;
const VACUUMED_AT_ONCE = 2048;
/** An unused layout stays while fewer frames than this came since: it is most likely the one of the next tick. */
const LAYOUT_GRACE = 256;
/** The WAL's share of the bound, at most. */
const MAX_WAL_BYTES = 2 ** 20;

/**
 * The ring on disk: frames in order of their sequence, and the layouts that they use. What {@link insert} has returned
 * from is on the disk (WAL, synchronous=FULL). File and WAL together stay within the bound: freed pages are used again,
 * and where that is not enough the oldest frames are overwritten.
 *
 * Every method may throw SpoolDamaged (the file has to be given up) or SQLiteError (the disk is full or refuses): then
 * nothing of that call has happened.
 */
export class SpoolFile {
  epoch: string;
  /** The first sequence to use is the next one. */
  readonly startSequence: number;
  /** Frames that came back from the disk with another checksum, and are lost. */
  damaged = 0;
  readonly #sql: Statements;
  #ring: Ring;
  #acknowledged = 0;
  #maxPages = 0;
  /** After the last transaction. */
  #pagesInUse: number;

  private constructor(
    private readonly database: Database,
    maxBytes: number,
  ) {
    this.#sql = new Statements(database);
    const { epoch, reserved: start, overwritten } = this.#sql.state.get()!;
    this.epoch = epoch;
    this.startSequence = start;
    const reserved = start + RESERVED_BLOCK;
    this.#ring = new Ring({ overwritten, reserved, last: start });
    for (const { id, hash } of this.#sql.layouts.all()) this.#ring.addLayout(id, hash);
    for (const { layout, frames, last } of this.#sql.usage.all()) {
      this.#ring.frames += frames;
      this.#ring.touchLayout(layout, last);
    }
    this.#sql.reserve.run({ reserved });
    this.#pagesInUse = this.#usedPages();
    this.resize(maxBytes);
  }

  /** @throws SpoolDamaged, SpoolInUse, SQLiteError (the disk is full, read-only, not permitted, …) */
  static open(path: string, maxBytes: number): SpoolFile {
    const database = openSpoolDatabase(path);
    try {
      return new SpoolFile(database, maxBytes);
    } catch (error) {
      database.close();
      throw explained(error);
    }
  }

  /** Frames that are not acknowledged. */
  get frames(): number {
    return this.#ring.frames - this.#ring.unreadable.size;
  }

  /** Frames that were lost because the ring was full, over the life of the file. */
  get overwritten(): number {
    return this.#ring.overwritten;
  }

  /** Bytes in use; what is free inside the file does not count. */
  get bytes(): number {
    return this.#pagesInUse * PAGE_BYTES;
  }

  /** When the bound becomes smaller, the following insertions bring the file down to it step by step. */
  resize(maxBytes: number): void {
    const walBytes = Math.min(MAX_WAL_BYTES, maxBytes / 4);
    this.#maxPages = Math.floor((maxBytes - walBytes) / PAGE_BYTES);
    // The WAL passes this mark by at most one transaction before it starts anew.
    this.database.run(`PRAGMA wal_autocheckpoint = ${Math.floor(walBytes / 2 / PAGE_BYTES)}`);
    this.database.run(`PRAGMA journal_size_limit = ${Math.floor(walBytes)}`);
  }

  /**
   * Appends frames, whose sequences are higher than all before, in one transaction. A frame that would not even fit
   * into the empty ring is left out and counted as overwritten.
   */
  insert(frames: readonly NumberedReading[]): void {
    this.#transaction(() => {
      const { overwritten } = this.#ring;
      this.#deleteUnreadable();
      this.#deleteAcknowledged();
      for (const frame of frames) this.#insertOne(frame);
      this.#shrink();
      if (this.#ring.overwritten !== overwritten)
        this.#sql.countOverwritten.run({ overwritten: this.#ring.overwritten });
    });
  }

  /**
   * Frames after a sequence, oldest first; fewer than `limit` only at the end. Writes nothing, and so works on a full
   * disk: damaged frames are left out, and go with the next insertion.
   */
  read(after: number, limit: number): SpooledFrame[] {
    const found: SpooledFrame[] = [];
    const position = { after: Math.max(after, this.#acknowledged), limit };
    for (;;) {
      const rows = this.#guard(() => this.#sql.readAfter.all(position));
      for (const row of rows) {
        const frame = this.#verified(row);
        if (frame === undefined) this.#leaveOut(row.sequence);
        else found.push(frame);
      }
      position.limit = limit - found.length;
      if (rows.length === 0 || position.limit === 0) return found;
      position.after = rows.at(-1)!.sequence;
    }
  }

  /** The layouts that have frames here, in the order in which they came. */
  layoutsInUse(): string[] {
    return this.#ring.layoutsSince(this.#guard(() => this.#oldest()));
  }

  layout(hash: string): Layout | undefined {
    const row = this.#guard(() => this.#sql.layoutJson.get({ hash }));
    if (row === null) return undefined;
    try {
      return JSON.parse(row.json) as Layout;
    } catch (cause) {
      throw new SpoolDamaged(`layout ${hash} is not JSON`, { cause });
    }
  }

  /**
   * The server has everything up to this sequence. The rows go with the next insertion, or at once when they are
   * many. A deletion that a power cut takes back does no harm: the server tells again where to go on.
   */
  acknowledge(sequence: number): void {
    if (sequence <= this.#acknowledged) return;
    const range = { after: this.#acknowledged, through: sequence };
    const { frames } = this.#guard(() => this.#sql.countBetween.get(range)!);
    this.#acknowledged = sequence;
    for (const gone of this.#ring.unreadable) if (gone <= sequence) this.#ring.unreadable.delete(gone);
    this.#ring.frames -= frames;
    this.#ring.deletable += frames;
    while (this.#ring.deletable >= DELETED_AT_ONCE) this.#transaction(() => this.#deleteAcknowledged());
  }

  /** Begins a new epoch with the frames that are here. */
  renew(epoch: string): void {
    this.#transaction(() => this.#sql.renew.run({ epoch }));
    this.epoch = epoch;
  }

  /** Deletes what is acknowledged, and writes the WAL back. */
  close(): void {
    try {
      while (this.#ring.deletable > 0) this.#transaction(() => this.#deleteAcknowledged());
    } finally {
      this.database.close();
    }
  }

  /** Lets go of a file that is damaged, without another look at it. */
  abandon(): void {
    this.database.close();
  }

  #insertOne(frame: NumberedReading): void {
    const ring = this.#ring;
    if (frame.sequence > ring.reserved) {
      ring.reserved = frame.sequence + RESERVED_BLOCK;
      this.#sql.reserve.run({ reserved: ring.reserved });
    }
    ring.last = frame.sequence;
    const json = ring.layoutId(frame.hash) !== undefined ? "" : JSON.stringify(frame.layout);
    if (!this.#makeRoom(pagesFor(frame.payload.length) + pagesFor(Buffer.byteLength(json)))) {
      ring.overwritten++;
      return;
    }
    const layout = this.#layoutId(frame);
    ring.touchLayout(layout, frame.sequence);
    const { sequence, timestamp, payload } = frame;
    this.#sql.insert.run({ sequence, layout, timestamp, checksum: Bun.hash.crc32(payload), payload });
    ring.frames++;
  }

  /** The row of the frame's layout, made when there is none, or when making room took it. */
  #layoutId({ hash, layout }: NumberedReading): number {
    const known = this.#ring.layoutId(hash);
    if (known !== undefined) return known;
    const { id } = this.#sql.addLayout.get({ hash, json: JSON.stringify(layout) })!;
    this.#ring.addLayout(id, hash);
    return id;
  }

  /** Frees pages, from acknowledged frames first. @returns false when even the empty ring is too small. */
  #makeRoom(pages: number): boolean {
    while (this.#usedPages() + pages > this.#maxPages) {
      if (this.#ring.deletable > 0) this.#deleteAcknowledged();
      else if (!this.#overwriteOldest()) return false;
    }
    return true;
  }

  #overwriteOldest(): boolean {
    const { changes } = this.#sql.deleteOldest.run({ limit: OVERWRITTEN_AT_ONCE });
    this.#ring.overwritten += changes;
    this.#ring.frames -= changes;
    this.#dropUnusedLayouts(0);
    return changes > 0;
  }

  #deleteAcknowledged(): void {
    if (this.#ring.deletable === 0) return;
    const rows = { through: this.#acknowledged, limit: DELETED_AT_ONCE };
    const { changes } = this.#sql.deleteThrough.run(rows);
    this.#ring.deletable = changes < DELETED_AT_ONCE ? 0 : this.#ring.deletable - changes;
    this.#dropUnusedLayouts(LAYOUT_GRACE);
  }

  #deleteUnreadable(): void {
    for (const sequence of this.#ring.unreadable) this.#sql.deleteOne.run({ sequence });
    this.#ring.frames -= this.#ring.unreadable.size;
    this.#ring.unreadable.clear();
  }

  #dropUnusedLayouts(grace: number): void {
    for (const id of this.#ring.dropLayouts(this.#oldest(), grace)) this.#sql.dropLayout.run({ id });
  }

  /** One step towards a bound that was made smaller. */
  #shrink(): void {
    for (
      let rows = 0;
      rows < DELETED_AT_ONCE && this.#usedPages() > this.#maxPages;
      rows += OVERWRITTEN_AT_ONCE
    )
      if (!this.#overwriteOldest()) break;
    if (this.#sql.pages.get()!.page_count > this.#maxPages)
      this.database.run(`PRAGMA incremental_vacuum(${VACUUMED_AT_ONCE})`);
  }

  #verified(row: FrameRow): SpooledFrame | undefined {
    const hash = this.#ring.layoutHash(row.layout);
    if (hash === undefined || Bun.hash.crc32(row.payload) !== row.checksum) return undefined;
    return { sequence: row.sequence, hash, timestamp: row.timestamp, payload: row.payload };
  }

  #leaveOut(sequence: number): void {
    if (this.#ring.unreadable.has(sequence)) return;
    this.#ring.unreadable.add(sequence);
    this.damaged++;
  }

  #usedPages(): number {
    return this.#sql.pages.get()!.page_count - this.#sql.freePages.get()!.freelist_count;
  }

  /** The sequence of the oldest frame that is not acknowledged; past all when there is none. */
  #oldest(): number {
    return this.#sql.firstAfter.get({ after: this.#acknowledged })?.sequence ?? this.#ring.last + 1;
  }

  #transaction(work: () => void): void {
    const before = this.#ring;
    this.#ring = before.copy();
    try {
      this.database.run("BEGIN IMMEDIATE");
      work();
      const pages = this.#usedPages();
      this.database.run("COMMIT");
      this.#pagesInUse = pages;
    } catch (error) {
      this.#ring = before;
      this.#rollBack();
      throw explained(error);
    }
  }

  /** SQLite may have rolled back by itself, for example when the disk is full. */
  #rollBack(): void {
    if (!this.database.inTransaction) return;
    this.#guard(() => this.database.run("ROLLBACK"));
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explained(error);
    }
  }
}

/** An upper estimate: the pages of a row that is `bytes` long, and of what the tree above it may need. */
function pagesFor(bytes: number): number {
  return bytes === 0 ? 0 : Math.ceil(bytes / (PAGE_BYTES - 4)) + 2;
}

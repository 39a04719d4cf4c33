import { SQLiteError } from "bun:sqlite";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Layout } from "../wire/layout.ts";
import { SpoolFile } from "./spool/file.ts";
import type { Reading, SpooledFrame } from "./spool/frame.ts";
import { MemoryRing } from "./spool/memory.ts";
import { randomEpoch, SpoolDamaged, SpoolInUse } from "./spool/open.ts";
import { setAside } from "./spool/set_aside.ts";

export type { Reading, SpooledFrame } from "./spool/frame.ts";

/** While the disk takes nothing, this much is kept in memory: hours of an idle node. */
const MEMORY_BYTES = 4 * 2 ** 20;
/** Frames that go from memory to disk in one transaction. */
const FLUSHED_AT_ONCE = 64;
/** A file that could not be opened is tried again after this. */
const REOPEN_MS = 10_000;
/** A file that cannot be read for so long never will be, and holds up everything behind it. */
const READ_PATIENCE_MS = 10 * 60_000;

type Access = "read" | "write";

const TROUBLES: Record<Access, string> = {
  read: "the spool cannot be read; frames in it wait. Repair the disk, the agent goes on by itself",
  write:
    "the spool cannot be written; frames stay in memory. Free or repair the disk, the agent goes on by itself",
};

interface SpoolOptions {
  readonly path: string;
  /** For file and WAL together. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface SpoolStats {
  /** Frames that are not acknowledged, on disk and in memory. */
  readonly frames: number;
  /** In use on the disk. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Frames lost because the ring was full. */
  readonly overwritten: number;
  /** Frames lost because the disk took nothing and the memory was full. */
  readonly lost: number;
  /** Frames lost because they came back from the disk with another checksum. */
  readonly damaged: number;
  /** Files that were set aside because they were damaged. */
  readonly corrupt: number;
  /** Why the disk takes no frames, or gives none back; undefined when all is well. */
  readonly trouble: string | undefined;
}

/**
 * The agent's bounded buffer of frames that the server has not acknowledged: a ring on disk (see `SpoolFile`), and a
 * small one in memory for the time in which the disk takes nothing. Whatever happens to the disk, {@link append} does
 * not throw, and what is lost is counted.
 *
 * Sequences rise strictly within an epoch. The epoch changes when the file is replaced: {@link onEpoch} tells.
 */
export class Spool {
  /** 16 bytes in hex. */
  #epoch = "";
  #file: SpoolFile | undefined;
  #sequence = 0;
  #maxBytes: number;
  readonly #trouble = new Map<Access, string>();
  #unreadableSince: number | undefined;
  #retryAt = Number.NEGATIVE_INFINITY;
  #corrupt = 0;
  /** To be added to what the present file counts: from those before it. */
  #damagedBefore = 0;
  #overwrittenBefore = 0;
  readonly #memory = new MemoryRing(MEMORY_BYTES);
  readonly #onFrames: (() => void)[] = [];
  readonly #onEpoch: (() => void)[] = [];

  private constructor(private readonly options: SpoolOptions) {
    this.#maxBytes = options.maxBytes;
  }

  /**
   * Opens the spool, or makes one. A damaged file is set aside; when the disk refuses, the spool begins in memory.
   * @throws Error when another agent uses it.
   */
  static open(options: SpoolOptions): Spool {
    const spool = new Spool(options);
    spool.#openFile();
    if (spool.#epoch === "") spool.#epoch = randomEpoch();
    return spool;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** The highest sequence that was given out. */
  get lastSequence(): number {
    return this.#sequence;
  }

  /** Calls back after every {@link append}. */
  onFrames(listener: () => void): void {
    this.#onFrames.push(listener);
  }

  /** Calls back when the epoch has changed: what was sent under the old one says nothing about the new one. */
  onEpoch(listener: () => void): void {
    this.#onEpoch.push(listener);
  }

  append(readings: readonly Reading[]): void {
    if (readings.length === 0) return;
    this.#reopen();
    this.#memory.push(readings.map((reading) => ({ ...reading, sequence: ++this.#sequence })));
    this.#flush();
    for (const listener of this.#onFrames) listener();
  }

  /** True unless frames are on a disk that did not give them back at the last attempt. */
  get readable(): boolean {
    return this.#unreadableSince === undefined;
  }

  /** Frames after a sequence, oldest first; fewer than `limit` only at the end, or when not {@link readable}. */
  read(after: number, limit: number): SpooledFrame[] {
    const stored = this.#try("read", (file) => file.read(after, limit)) ?? [];
    if (stored.length >= limit || !this.readable) return stored;
    const kept = this.#memory.frames.filter(({ sequence }) => sequence > after);
    return [...stored, ...kept.slice(0, limit - stored.length)];
  }

  /** The hashes of the layouts that have frames here, in the order in which they came. */
  layoutsInUse(): string[] {
    const stored = this.#try("read", (file) => file.layoutsInUse()) ?? [];
    return [...new Set([...stored, ...this.#memory.frames.map(({ hash }) => hash)])];
  }

  /** @returns undefined when it is not here, or when not {@link readable}. */
  layout(hash: string): Layout | undefined {
    const kept = this.#memory.frames.find((frame) => frame.hash === hash);
    return kept?.layout ?? this.#try("read", (file) => file.layout(hash));
  }

  /** The server has, on its disk, everything of this epoch up to this sequence. */
  acknowledge(sequence: number): void {
    this.#memory.acknowledge(sequence);
    this.#try("write", (file) => file.acknowledge(sequence));
  }

  /** Begins a new epoch with the frames that are here: the server knows sequences of the present one that they lack. */
  renew(): void {
    const epoch = randomEpoch();
    this.#try("write", (file) => file.renew(epoch));
    this.#beginEpoch(epoch);
  }

  /** Takes effect step by step, with the following appends. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#try("write", (file) => file.resize(maxBytes));
  }

  stats(): SpoolStats {
    return {
      frames: (this.#file?.frames ?? 0) + this.#memory.length,
      bytes: this.#file?.bytes ?? 0,
      maxBytes: this.#maxBytes,
      overwritten: this.#overwrittenBefore + (this.#file?.overwritten ?? 0),
      lost: this.#memory.lost,
      damaged: this.#damagedBefore + (this.#file?.damaged ?? 0),
      corrupt: this.#corrupt,
      trouble: this.#trouble.get("write") ?? this.#trouble.get("read"),
    };
  }

  /** Writes what is still in memory, as far as the disk takes it. */
  close(): void {
    this.#flush();
    if (this.#memory.length > 0)
      this.options.log.error("frames in memory are lost: the disk did not take them", {
        frames: this.#memory.length,
        reason: this.#trouble.get("write"),
      });
    try {
      this.#file?.close();
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      // Frames that the server has may be in the file still; damage is dealt with at the next start.
      this.options.log.warn("the spool was not closed cleanly", { reason: error.message });
    }
    this.#file = undefined;
  }

  #flush(): void {
    while (this.#memory.length > 0) {
      const frames = this.#memory.frames.slice(0, FLUSHED_AT_ONCE);
      const written = this.#try("write", (file) => {
        file.insert(frames);
        return true;
      });
      if (written === undefined) return;
      this.#memory.shift(frames.length);
      this.#recovered("write");
    }
  }

  /** Runs `work` on the file, when there is one. @returns undefined when there is none, or when the disk refused. */
  #try<T>(access: Access, work: (file: SpoolFile) => T): T | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const result = work(this.#file);
      if (access === "read") this.#recovered("read");
      return result;
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      if (error instanceof SpoolDamaged || (access === "read" && this.#isReadHopeless()))
        this.#replaceDamaged(error.message);
      else this.#inTrouble(access, error);
      return undefined;
    }
  }

  /** Called when a read has failed. */
  #isReadHopeless(): boolean {
    const now = this.options.clock.monotonic();
    this.#unreadableSince ??= now;
    return now - this.#unreadableSince >= READ_PATIENCE_MS;
  }

  #reopen(): void {
    if (this.#file !== undefined || this.options.clock.monotonic() < this.#retryAt) return;
    try {
      this.#openFile();
    } catch (error) {
      this.#inTrouble("write", error as Error);
    }
  }

  /** @throws Error when another agent uses the file. */
  #openFile(): void {
    const { path } = this.options;
    this.#retryAt = this.options.clock.monotonic() + REOPEN_MS;
    try {
      this.#use(SpoolFile.open(path, this.#maxBytes));
    } catch (error) {
      if (error instanceof SpoolInUse)
        throw new Error(
          `Cannot open the spool "${path}": another dcmon agent is running on this data directory. Stop that one ("fuser ${path}" names it), or start this one with another --data-dir.`,
          { cause: error },
        );
      if (error instanceof SpoolDamaged) this.#replaceDamaged(error.message);
      else this.#inTrouble("write", error as Error);
    }
  }

  #use(file: SpoolFile): void {
    this.#file = file;
    // Only the file of the start goes on with its own count: a later one must not make the sum jump.
    if (this.#epoch !== "") this.#overwrittenBefore -= file.overwritten;
    this.#memory.renumber(file.startSequence + 1);
    this.#sequence = file.startSequence + this.#memory.length;
    if (this.#epoch !== file.epoch) this.#beginEpoch(file.epoch);
  }

  #replaceDamaged(reason: string): void {
    const { path, clock, log } = this.options;
    this.#damagedBefore += this.#file?.damaged ?? 0;
    this.#overwrittenBefore += this.#file?.overwritten ?? 0;
    this.#file?.abandon();
    this.#file = undefined;
    this.#trouble.delete("read");
    this.#unreadableSince = undefined;
    this.#corrupt++;
    try {
      const moved = setAside(path, clock.now());
      log.error("the spool is damaged and was set aside; frames in it that were not sent are lost", {
        reason,
        file: moved,
      });
      this.#use(SpoolFile.open(path, this.#maxBytes));
    } catch (error) {
      this.#inTrouble("write", error as Error);
      this.#beginEpoch(randomEpoch());
    }
  }

  #beginEpoch(epoch: string): void {
    this.#epoch = epoch;
    for (const listener of this.#onEpoch) listener();
  }

  #inTrouble(access: Access, error: Error): void {
    if (this.#trouble.get(access) === error.message) return;
    this.#trouble.set(access, error.message);
    this.options.log.error(TROUBLES[access], { file: this.options.path, reason: error.message });
  }

  #recovered(access: Access): void {
    if (access === "read") this.#unreadableSince = undefined;
    if (this.#trouble.delete(access))
      this.options.log.info(`the spool can be ${access === "read" ? "read" : "written"} again`);
  }
}

/** What a disk can do to a spool; anything else is a mistake in the program. */
function isOfDisk(error: unknown): error is Error {
  return error instanceof SpoolDamaged || error instanceof SpoolInUse || error instanceof SQLiteError;
}

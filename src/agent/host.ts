import {
  accessSync,
  constants,
  promises,
  readdirSync,
  readFileSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { type RunOptions, type RunResult, runChild } from "./child.ts";
import { SlowCalls } from "./slow_calls.ts";
import { createTimexReader, type Timex, type TimexReader } from "./timex.ts";

/** Where the machine's trees begin. Tests move them to fixture trees. */
interface Roots {
  readonly proc: string;
  readonly sys: string;
  readonly etc: string;
  /** `/`: for mount points, `/run` and `/var`. */
  readonly root: string;
}

/** Bytes and inodes of one file system. */
export interface FileSystemUsage {
  readonly size: number;
  readonly free: number;
  /** What an unprivileged user may still write. */
  readonly available: number;
  readonly files: number;
  readonly filesFree: number;
}

export interface HostOptions {
  readonly clock: Clock;
  readonly roots?: Partial<Roots>;
  /** Replaces the system call, for fixture trees. */
  readonly usageOf?: (path: string) => FileSystemUsage;
  /** Replaces the system call, for fixture trees. */
  readonly timex?: TimexReader;
}

/** The agent may not read or list something that is there. */
export class AccessDenied extends Error {
  override readonly name = "AccessDenied";
  constructor(
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot read ${path}: permission denied. Run the agent as root, or grant it access.`, options);
  }
}

/**
 * The machine as exporters see it: files, file systems, programs. Whatever is not there is `undefined`; what is there
 * and may not be read is an {@link AccessDenied}. The only place that spawns programs.
 */
export class Host {
  readonly clock: Clock;
  readonly #roots: Roots;
  readonly #usageOf: ((path: string) => FileSystemUsage) | undefined;
  readonly #timex: TimexReader;
  readonly #slow: SlowCalls;
  #pageBytes: number | undefined;

  constructor(options: HostOptions) {
    this.clock = options.clock;
    this.#roots = { proc: "/proc", sys: "/sys", etc: "/etc", root: "/", ...options.roots };
    this.#usageOf = options.usageOf;
    this.#timex = options.timex ?? createTimexReader();
    this.#slow = new SlowCalls(options.clock, hangingLimit());
  }

  proc(path: string): string {
    return join(this.#roots.proc, path);
  }

  sys(path: string): string {
    return join(this.#roots.sys, path);
  }

  etc(path: string): string {
    return join(this.#roots.etc, path);
  }

  /** Any other absolute path, under the root that tests can move. */
  path(path: string): string {
    return join(this.#roots.root, path);
  }

  /** The whole file. Undefined when it is not there. @throws AccessDenied */
  readText(path: string): string | undefined {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      return absentOrThrow(error, path, ABSENT);
    }
  }

  /**
   * One trimmed value from sysfs or a one-line file of procfs. Undefined when it is not there, or when the driver has no
   * value now (a link that is down has no speed; a sensor may fail). @throws AccessDenied
   */
  readValue(path: string): string | undefined {
    try {
      return readFileSync(path, "utf8").trim();
    } catch (error) {
      return absentOrThrow(error, path, NO_VALUE);
    }
  }

  /**
   * As {@link readValue} for each path in turn, off this thread: for drivers that ask slow hardware.
   * @param device names what is asked; while it has not answered, it is not asked again.
   * @throws Unanswered after `timeoutMs`, or at once while the device hangs
   */
  async readSlowValues(
    device: string,
    paths: readonly string[],
    timeoutMs: number,
  ): Promise<(string | undefined)[]> {
    return this.#slow.call(device, timeoutMs, async () => {
      const values: (string | undefined)[] = [];
      for (const path of paths) values.push(await readValueAside(path));
      return values;
    });
  }

  /** Names in a directory, sorted. Undefined when it is not there. @throws AccessDenied */
  list(path: string): string[] | undefined {
    try {
      return readdirSync(path).sort();
    } catch (error) {
      return absentOrThrow(error, path, ABSENT);
    }
  }

  /** True for a file that is there, whether or not it may be read. */
  exists(path: string): boolean {
    return this.modified(path) !== undefined;
  }

  /** False also for what is not there. For files that only root may read, where that is no failure. */
  mayRead(path: string): boolean {
    try {
      accessSync(path, constants.R_OK);
      return true;
    } catch {
      return false;
    }
  }

  /** Milliseconds since the epoch of the last change, undefined when it is not there. @throws AccessDenied */
  modified(path: string): number | undefined {
    try {
      return statSync(path).mtimeMs;
    } catch (error) {
      return absentOrThrow(error, path, ABSENT);
    }
  }

  /** The path with all links resolved, undefined when it is not there. @throws AccessDenied */
  resolve(path: string): string | undefined {
    try {
      return realpathSync(path);
    } catch (error) {
      return absentOrThrow(error, path, ABSENT);
    }
  }

  /** Usage of a file system on local storage, asked on this thread. @throws when the kernel refuses */
  usage(mountPoint: string): FileSystemUsage {
    if (this.#usageOf !== undefined) return this.#usageOf(mountPoint);
    return usageFrom(statfsSync(this.path(mountPoint)));
  }

  /**
   * Usage of a file system whose server may be gone, asked off this thread.
   * @throws Unanswered after `timeoutMs`, or at once while an earlier call for the same mount point hangs
   */
  async slowUsage(mountPoint: string, timeoutMs: number): Promise<FileSystemUsage> {
    if (this.#usageOf !== undefined) return this.#usageOf(mountPoint);
    const path = this.path(mountPoint);
    return this.#slow.call(path, timeoutMs, async () => usageFrom(await promises.statfs(path)));
  }

  /** Bytes in a page of memory: 4096 on amd64, up to 65536 on arm64. */
  get pageBytes(): number {
    this.#pageBytes ??= readPageBytes(this.proc("self/auxv"));
    return this.#pageBytes;
  }

  /** The kernel's clock discipline, undefined where the system call is not available. */
  timex(): Timex | undefined {
    return this.#timex();
  }

  /** Runs a program to its end or its deadline. Undefined when the program is not installed. See {@link runChild}. */
  async run(argv: readonly string[], options: RunOptions): Promise<RunResult | undefined> {
    return runChild(argv, options);
  }
}

/** A path component is missing, or its device went away between listing and reading. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ENXIO", "ESRCH"]);
const NO_VALUE = new Set([
  ...ABSENT,
  "EINVAL",
  "EIO",
  "ENODATA",
  "EAGAIN",
  "EOPNOTSUPP",
  "ENOTSUP",
  "EBUSY",
  "ETIMEDOUT",
  "EREMOTEIO",
]);
const DENIED = new Set(["EACCES", "EPERM"]);

function absentOrThrow(error: unknown, path: string, absent: ReadonlySet<string>): undefined {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (absent.has(code)) return undefined;
  if (DENIED.has(code)) throw new AccessDenied(path, { cause: error });
  throw new Error(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
}

async function readValueAside(path: string): Promise<string | undefined> {
  try {
    return (await promises.readFile(path, "utf8")).trim();
  } catch (error) {
    return absentOrThrow(error, path, NO_VALUE);
  }
}

const AT_PAGESZ = 6n;
const USUAL_PAGE_BYTES = 4096;

/** The auxiliary vector is pairs of 64-bit words: a type and its value. */
function readPageBytes(path: string): number {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    absentOrThrow(error, path, ABSENT);
    return USUAL_PAGE_BYTES;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 16 <= bytes.length; at += 16)
    if (view.getBigUint64(at, true) === AT_PAGESZ) return Number(view.getBigUint64(at + 8, true));
  return USUAL_PAGE_BYTES;
}

interface Statfs {
  readonly bsize: number;
  readonly frsize?: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

/** Counts are in fragments, as df(1) takes them; FUSE is where fragment and block differ. */
function usageFrom(raw: Statfs): FileSystemUsage {
  const unit = raw.frsize || raw.bsize;
  return {
    size: raw.blocks * unit,
    free: raw.bfree * unit,
    available: raw.bavail * unit,
    files: raw.files,
    filesFree: raw.ffree,
  };
}

/**
 * The runtime's thread pool has a thread per core, at least two. A call that hangs holds one; name resolution and file
 * access need the rest.
 */
function hangingLimit(): number {
  return Math.min(8, Math.max(1, availableParallelism() - 1));
}

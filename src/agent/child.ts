import { setPriority } from "node:os";

export interface RunOptions {
  /** The whole process group is killed after this time. */
  readonly timeoutMs: number;
  /** More standard output than this ends the run. */
  readonly maxBytes: number;
  /** Added to {@link BASE_ENVIRONMENT}; nothing of the agent's own environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs at nice 19, for work that can wait. */
  readonly lowPriority?: boolean;
  /** Ends the run early, as its deadline would. */
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** How it ended: by itself, or killed for time, for output or by the caller. */
  readonly outcome: "exited" | "timeout" | "flooded" | "aborted";
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The first 4 KiB. */
  readonly stderr: string;
}

const BASE_ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } as const;

/** After the program has ended, this long for what its children still write to its pipes. */
const READ_GRACE_MS = 500;
const MAX_STDERR_BYTES = 4096;

/**
 * Runs `argv[0]` (an absolute path) without a shell, as leader of its own process group, and returns at the latest
 * {@link READ_GRACE_MS} after its deadline, whatever the program and its children do. Nothing of its group is left.
 * Undefined when the program is not there.
 * @throws when the path is not absolute or the program cannot be started
 */
export async function runChild(argv: readonly string[], options: RunOptions): Promise<RunResult | undefined> {
  const child = spawn(argv, options);
  if (child === undefined) return undefined;
  let outcome: RunResult["outcome"] = "exited";
  const end = (reason: RunResult["outcome"]) => {
    if (outcome === "exited") outcome = reason;
    killGroup(child.pid);
  };
  const deadline = setTimeout(() => end("timeout"), options.timeoutMs);
  const onAbort = () => end("aborted");
  options.signal?.addEventListener("abort", onAbort);
  if (options.signal?.aborted) onAbort();

  const stdout = new PipeReader(child.stdout, options.maxBytes, () => end("flooded"));
  const stderr = new PipeReader(child.stderr, MAX_STDERR_BYTES, () => {});
  // A program in uninterruptible sleep does not die of SIGKILL: it is waited for no longer than this.
  await within(child.exited, options.timeoutMs + READ_GRACE_MS);
  clearTimeout(deadline);
  options.signal?.removeEventListener("abort", onAbort);
  await within(Promise.all([stdout.done, stderr.done]), READ_GRACE_MS);
  killGroup(child.pid);
  child.unref();
  return { outcome, exitCode: child.exitCode, stdout: await stdout.text(), stderr: await stderr.text() };
}

function spawn(argv: readonly string[], options: RunOptions) {
  if (!argv[0]?.startsWith("/"))
    throw new Error(`Cannot run "${argv[0] ?? ""}": the path of a program must be absolute.`);
  try {
    const child = Bun.spawn([...argv], {
      cwd: "/",
      env: { ...BASE_ENVIRONMENT, ...options.env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    if (options.lowPriority) lowerPriority(child.pid);
    return child;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`Cannot run ${argv[0]}: ${(error as Error).message}`, { cause: error });
  }
}

/** Resolves with the promise or after `ms`, and leaves no timer behind. */
function within(promise: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const settled = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(settled, settled);
  });
}

function killGroup(pid: number): void {
  ignoringGone(() => process.kill(-pid, "SIGKILL"));
}

function lowerPriority(pid: number): void {
  ignoringGone(() => setPriority(pid, 19));
}

/** The process may have ended in the meantime. */
function ignoringGone(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error as Error).message.includes("ESRCH")) throw error;
  }
}

/** Collects a pipe up to a number of bytes; what comes after is read and dropped, so that the writer never blocks. */
class PipeReader {
  readonly done: Promise<void>;
  readonly #chunks: Uint8Array[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #room: number;

  constructor(stream: ReadableStream<Uint8Array>, maxBytes: number, onFull: () => void) {
    this.#reader = stream.getReader();
    this.#room = maxBytes;
    this.done = this.#drain(onFull);
  }

  /** What has come so far; reads no further. */
  async text(): Promise<string> {
    await this.#reader.cancel();
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  async #drain(onFull: () => void): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      if (value.length > this.#room) onFull();
      if (this.#room > 0) this.#chunks.push(value.subarray(0, this.#room));
      this.#room = Math.max(0, this.#room - value.length);
    }
  }
}

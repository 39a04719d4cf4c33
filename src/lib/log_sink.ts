import { closeSync, constants, openSync, write } from "node:fs";
import { reasonOf } from "./system_error.ts";

/** Where lines go. A line has no line break in it. */
export interface LogSink {
  write(line: string): void;
  /** Opens the destination anew, after log rotation has moved the file. */
  reopen(): void;
  /** Resolves when everything written so far has reached the destination. */
  flush(): Promise<void>;
}

/** While the disk does not take lines, this much waits; what comes on top is dropped and counted. */
const MAX_WAITING_BYTES = 1 << 20;

/**
 * The sink for `--log-file`: the file, or stderr for an empty path.
 * @throws Error when the file cannot be opened for appending.
 */
export function openLogSink(path: string): LogSink {
  return path === "" ? stderrSink : openLogFile(path);
}

const stderrSink: LogSink = {
  write: (line) => void process.stderr.write(`${line}\n`),
  reopen() {},
  flush: () => Promise.resolve(),
};

/**
 * A log file: appended to without blocking the caller, in order.
 * @throws Error when the file cannot be opened; `reopen` keeps the old file in that case.
 */
function openLogFile(path: string): LogSink {
  let fd = open(path);
  let waiting = "";
  let dropped = 0;
  let busy = false;
  let retired: number | undefined;
  let flushed: (() => void)[] = [];

  const drain = (): void => {
    if (busy) return;
    if (waiting === "") {
      for (const resolve of flushed) resolve();
      flushed = [];
      return;
    }
    const bytes = Buffer.from(waiting);
    waiting = "";
    busy = true;
    writeAll(fd, bytes, (error) => {
      busy = false;
      if (retired !== undefined) closeSync(retired);
      retired = undefined;
      if (error !== null) process.stderr.write(`Cannot write log file ${path}: ${error.message}.\n`);
      drain();
    });
  };
  const put = (line: string): void => {
    if (waiting.length > MAX_WAITING_BYTES) {
      dropped++;
      return;
    }
    if (dropped > 0) {
      waiting += `${dropped} log lines were dropped here: the disk did not take them in time\n`;
      dropped = 0;
    }
    waiting += `${line}\n`;
    drain();
  };
  const reopen = (): void => {
    let next: number;
    try {
      next = open(path);
    } catch (error) {
      put(`${(error as Error).message} Keeping the old file open.`);
      return;
    }
    if (busy && retired === undefined) retired = fd;
    else closeSync(fd);
    fd = next;
  };
  const flush = (): Promise<void> =>
    new Promise((resolve) => {
      flushed.push(resolve);
      drain();
    });
  return { write: put, reopen, flush };
}

function writeAll(fd: number, bytes: Uint8Array, done: (error: Error | null) => void): void {
  write(fd, bytes, 0, bytes.length, null, (error, written) => {
    if (error !== null || written === bytes.length) done(error);
    else writeAll(fd, bytes.subarray(written), done);
  });
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
  } catch (cause) {
    throw new Error(
      `Cannot open log file ${path}: ${reasonOf(cause, "its folder does not exist")}. Give another path with --log-file, or leave it out to log to stderr.`,
      { cause },
    );
  }
}

import { readFileSync } from "node:fs";

/** Linux reports CPU time in these units for programs (USER_HZ), whatever the kernel's own tick. */
const TICKS_PER_SECOND = 100;

/** What a process has used so far, all its threads together. */
export interface Usage {
  /** User and system time, seconds. */
  cpu: number;
  /** The same of children that have ended. */
  childrenCpu: number;
  /** Bytes that it caused to be sent to disk (page cache and WAL rewrites included). */
  written: number;
  /** Resident memory now and its high-water mark, bytes. */
  resident: number;
  residentPeak: number;
  /** How long the main thread was ready to run while others had the cores, seconds. */
  mainWaited: number;
}

/** Reads /proc/<pid>: nothing is asked of the process itself. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const io = readFileSync(`/proc/${pid}/io`, "utf8");
  const [, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    childrenCpu: (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND,
    written: field(io, /^write_bytes: (\d+)/m),
    resident: 1024 * field(status, /^VmRSS:\s+(\d+)/m),
    residentPeak: 1024 * field(status, /^VmHWM:\s+(\d+)/m),
    mainWaited: Number(waited) / 1e9,
  };
}

function field(text: string, pattern: RegExp): number {
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new Error(`Cannot read a process's usage: nothing matches ${pattern}`);
  return Number(value);
}

import { dlopen, FFIType } from "bun:ffi";

/** What adjtimex(2) says of the kernel's clock, in the units of the system call. */
export interface Timex {
  /** The call's result: TIME_OK … TIME_ERROR (5: not synchronised). */
  readonly state: number;
  readonly offset: number;
  readonly freq: number;
  readonly maxError: number;
  readonly estError: number;
  readonly status: number;
  readonly constant: number;
  readonly tick: number;
  readonly ppsFreq: number;
  readonly jitter: number;
  readonly shift: number;
  readonly stabil: number;
  readonly jitCnt: number;
  readonly calCnt: number;
  readonly errCnt: number;
  readonly stbCnt: number;
  readonly tai: number;
}

/** Reads the clock's state; undefined without glibc or without permission. */
export type TimexReader = () => Timex | undefined;

/** No file shows whether the clock is synchronised, hence the system call. libc is opened at the first reading. */
export function createTimexReader(): TimexReader {
  let call: AdjustTime | undefined | null = null;
  return () => {
    if (call === null) call = openAdjustTime();
    return call && readTimex(call);
  };
}

function readTimex(call: AdjustTime): Timex | undefined {
  const words = new BigInt64Array(STRUCT_WORDS);
  const state = call(words);
  if (state < 0) return undefined;
  const at = (index: number) => Number(words[index]);
  const low = (index: number) => Number(BigInt.asIntN(32, words[index]!));
  return {
    state,
    offset: at(1),
    freq: at(2),
    maxError: at(3),
    estError: at(4),
    status: low(5),
    constant: at(6),
    tick: at(11),
    ppsFreq: at(12),
    jitter: at(13),
    shift: low(14),
    stabil: at(15),
    jitCnt: at(16),
    calCnt: at(17),
    errCnt: at(18),
    stbCnt: at(19),
    tai: low(20),
  };
}

/** struct timex of the 64-bit ABIs: 208 bytes, each member aligned to eight; `modes` 0 asks without changing anything. */
const STRUCT_WORDS = 26;

type AdjustTime = (words: BigInt64Array) => number;

function openAdjustTime(): AdjustTime | undefined {
  try {
    const { symbols } = dlopen("libc.so.6", { adjtimex: { args: [FFIType.ptr], returns: FFIType.i32 } });
    return symbols.adjtimex;
  } catch {
    return undefined; // Not a glibc system.
  }
}

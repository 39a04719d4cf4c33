import type { Timers } from "../timers.ts";

/** Waits, but no longer than until `signal` fires. */
export function pause(ms: number, signal: AbortSignal, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = timers.after(ms, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

import { type Exporter, NoData, type Sample } from "./exporters/exporter.ts";
import type { Host } from "./host.ts";
import type { Timers } from "./timers.ts";

/** What came of running an exporter once. */
type Outcome = (Finished | Late) & { readonly durationMs: number };

type Finished =
  | { readonly kind: "samples"; readonly samples: Sample[] }
  | { readonly kind: "no data"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** The deadline has passed and the run was told; `ended` resolves when it really is over, perhaps never. */
interface Late {
  readonly kind: "timeout";
  readonly ended: Promise<void>;
}

interface RunOnceOptions {
  readonly timeoutMs: number;
  readonly timers: Timers;
  /** Tells the exporter to end before its deadline. */
  readonly stop?: AbortSignal;
}

/** Runs an exporter once and waits for it no longer than its deadline. Does not throw. */
export async function runOnce(exporter: Exporter, host: Host, options: RunOnceOptions): Promise<Outcome> {
  const { timeoutMs, timers, stop } = options;
  const started = host.clock.monotonic();
  const end = new AbortController();
  const onStop = () => end.abort(stop?.reason);
  stop?.addEventListener("abort", onStop);
  const run = settle(exporter, host, end.signal);
  const outcome = await beforeDeadline(run, timeoutMs, timers);
  stop?.removeEventListener("abort", onStop);
  const durationMs = host.clock.monotonic() - started;
  if (outcome !== undefined) return { ...outcome, durationMs };
  end.abort(new Error(`not finished within ${timeoutMs} ms`));
  return { kind: "timeout", ended: run.then(() => {}), durationMs };
}

async function settle(exporter: Exporter, host: Host, signal: AbortSignal): Promise<Finished> {
  try {
    return { kind: "samples", samples: await exporter.collect(host, signal) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: error instanceof NoData ? "no data" : "failed", reason };
  }
}

function beforeDeadline(
  run: Promise<Finished>,
  timeoutMs: number,
  timers: Timers,
): Promise<Finished | undefined> {
  return new Promise((resolve) => {
    const cancel = timers.after(timeoutMs, () => resolve(undefined));
    run.then((finished) => {
      cancel();
      resolve(finished);
    });
  });
}

/** The series about a run, part of every collection. */
export function runSamples(
  exporter: string,
  run: { success: boolean; durationMs: number; missed: number },
): Sample[] {
  const labels = [["exporter", exporter]] as const;
  return [
    { name: "dcmon_exporter_duration_seconds", labels, value: Math.round(run.durationMs * 1000) / 1e6 },
    { name: "dcmon_exporter_success", labels, value: run.success ? 1 : 0 },
    { name: "dcmon_exporter_ticks_missed_total", labels, value: run.missed },
  ];
}

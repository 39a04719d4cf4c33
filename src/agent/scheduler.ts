import type { Logger } from "../lib/log.ts";
import { runOnce, runSamples } from "./collection.ts";
import type { Sample } from "./exporters/exporter.ts";
import type { ScheduledExporter } from "./exporters/index.ts";
import { Grid } from "./grid.ts";
import type { Host } from "./host.ts";
import { systemTimers, type Timers } from "./timers.ts";

/** What one exporter read in one tick. */
export interface Collection {
  readonly exporter: string;
  readonly intervalMs: number;
  /** Grid time, ms since the epoch; strictly increasing per exporter unless the clock is set back by much. */
  readonly timestamp: number;
  readonly samples: Sample[];
  readonly durationMs: number;
  readonly success: boolean;
}

interface SchedulerOptions {
  readonly exporters: readonly ScheduledExporter[];
  readonly host: Host;
  /** The client's phase for an interval, 0 … interval - 1 ms. */
  readonly phaseOf: (intervalMs: number) => number;
  readonly log: Logger;
  readonly onCollection: (collection: Collection) => void;
  readonly timers?: Timers;
}

/** Runs each exporter on its own grid. A failing or hanging one disturbs no other. */
export class Scheduler {
  readonly #lanes: Lane[];

  constructor(options: SchedulerOptions) {
    this.#lanes = options.exporters.map((scheduled) => new Lane(scheduled, options));
  }

  start(): void {
    for (const lane of this.#lanes) lane.start();
  }

  /** No collection is reported afterwards. */
  stop(): void {
    for (const lane of this.#lanes) lane.stop();
  }
}

/** What does not exist is looked for again after this. */
const NO_DATA_RETRY_MS = 5 * 60_000;
/** The wall clock is looked at no less often than this, to notice when it has been set. */
const MAX_SLEEP_MS = 30_000;
/**
 * A reading that begins later, by more than a quarter of the interval, would be stamped with a time at which it was not
 * taken: it is left out. This much lateness never matters.
 */
const MAX_LATENESS_MS = 250;
/**
 * The clock was set back by less: wait until it has passed the last timestamp. By more: start anew, for a gap that long
 * is worse than times that occur twice. A server refuses what lies further ahead of its own clock, so most of what was
 * stamped by the wrong one was never stored.
 */
const MAX_WAIT_FOR_CLOCK_MS = 120_000;

/** One exporter's ticks. */
class Lane {
  readonly #name: string;
  readonly #grid: Grid;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #stopped = new AbortController();
  #cancelTimer = () => {};
  /** The tick that was last decided on, run or missed. */
  #last: number | undefined;
  #lastMonotonic = 0;
  #missed = 0;
  /** Monotonic ms when the run that still goes began. */
  #runningSince: number | undefined;
  #overdue = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #hadData = false;
  #trouble: string | undefined;

  constructor(
    private readonly scheduled: ScheduledExporter,
    private readonly options: SchedulerOptions,
  ) {
    this.#name = scheduled.exporter.name;
    this.#grid = new Grid(scheduled.intervalMs, options.phaseOf(scheduled.intervalMs));
    this.#timers = options.timers ?? systemTimers;
    this.#log = options.log.with({ exporter: this.#name });
  }

  start(): void {
    this.#sleepUntil(this.#grid.after(this.#now()));
  }

  stop(): void {
    this.#cancelTimer();
    this.#stopped.abort(new Error("the agent stops"));
  }

  #now(): number {
    return this.options.host.clock.now();
  }

  #sleepUntil(target: number): void {
    const ms = Math.min(Math.max(1, target - this.#now()), MAX_SLEEP_MS);
    this.#cancelTimer = this.#timers.after(ms, () => this.#wake(target));
  }

  #wake(target: number): void {
    const now = this.#now();
    if (this.#last !== undefined && now < this.#last) this.#clockWasSetBack(now, this.#last);
    else if (now >= target) this.#due(this.#grid.at(now), now);
    this.#sleepUntil(this.#grid.after(Math.max(this.#now(), this.#last ?? 0)));
  }

  #clockWasSetBack(now: number, last: number): void {
    const seconds = Math.round((last - now) / 1000);
    if (last - now <= MAX_WAIT_FOR_CLOCK_MS) {
      this.#say("clock", "the clock was set back, waiting until it has passed the last timestamp", {
        seconds,
      });
    } else {
      this.#log.warn("the clock was set back, timestamps start anew", { seconds });
      this.#last = undefined;
    }
  }

  /** Decides about the tick whose time it is: only the latest one, however long the machine slept. */
  #due(tick: number, now: number): void {
    const { clock } = this.options.host;
    if (this.#last !== undefined) {
      if (tick <= this.#last) return;
      this.#missed += this.#ticksSlept(tick - this.#last, clock.monotonic() - this.#lastMonotonic);
    }
    this.#last = tick;
    this.#lastMonotonic = clock.monotonic();
    const late = now - tick > Math.max(MAX_LATENESS_MS, this.scheduled.intervalMs / 4);
    if (late || this.#runningSince !== undefined) this.#miss(tick);
    else if (clock.monotonic() >= this.#retryAt) void this.#run(tick);
  }

  /** Ticks between two that the agent was there for: neither a suspended machine nor a clock set forward misses any. */
  #ticksSlept(wallMs: number, monotonicMs: number): number {
    return Math.max(0, Math.round(Math.min(wallMs, monotonicMs) / this.scheduled.intervalMs) - 1);
  }

  #miss(tick: number): void {
    this.#missed++;
    if (this.#runningSince === undefined || !this.#overdue) return;
    // An abandoned run still hangs: keep saying so, or its failure would fade from view.
    this.#report(tick, [], false, this.options.host.clock.monotonic() - this.#runningSince);
  }

  async #run(tick: number): Promise<void> {
    const { exporter, timeoutMs } = this.scheduled;
    const { host } = this.options;
    this.#runningSince = host.clock.monotonic();
    const outcome = await runOnce(exporter, host, {
      timeoutMs,
      timers: this.#timers,
      stop: this.#stopped.signal,
    });
    if (this.#stopped.signal.aborted) return;
    if (outcome.kind === "timeout") this.#awaitOverdue(outcome.ended);
    else this.#runningSince = undefined;
    switch (outcome.kind) {
      case "samples":
        this.#hadData = true;
        this.#recovered();
        return this.#report(tick, outcome.samples, true, outcome.durationMs);
      case "no data":
        this.#retryAt = host.clock.monotonic() + NO_DATA_RETRY_MS;
        return this.#noData(tick, outcome.reason, outcome.durationMs);
      case "failed":
        this.#fail(outcome.reason);
        return this.#report(tick, [], false, outcome.durationMs);
      case "timeout":
        this.#fail(`not finished within ${timeoutMs} ms`);
        return this.#report(tick, [], false, outcome.durationMs);
      default:
        outcome satisfies never;
    }
  }

  #awaitOverdue(ended: Promise<void>): void {
    this.#overdue = true;
    void ended.then(() => {
      this.#overdue = false;
      this.#runningSince = undefined;
    });
  }

  /** What was never there is no failure; what was there and is gone is one. */
  #noData(tick: number, reason: string, durationMs: number): void {
    if (this.#hadData) {
      this.#fail(reason);
      this.#report(tick, [], false, durationMs);
    } else
      this.#say(reason, "nothing to collect, will look again", {
        reason,
        minutes: NO_DATA_RETRY_MS / 60_000,
      });
  }

  #fail(reason: string): void {
    if (this.#trouble === reason) return;
    this.#trouble = reason;
    this.#log.error("collection failed", { reason });
  }

  #recovered(): void {
    if (this.#trouble !== undefined) this.#log.info("collects again");
    this.#trouble = undefined;
  }

  #say(trouble: string, message: string, fields: Parameters<Logger["info"]>[1]): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#log.info(message, fields);
  }

  #report(timestamp: number, samples: readonly Sample[], success: boolean, durationMs: number): void {
    const run = runSamples(this.#name, { success, durationMs, missed: this.#missed });
    try {
      this.options.onCollection({
        exporter: this.#name,
        intervalMs: this.scheduled.intervalMs,
        timestamp,
        samples: [...samples, ...run],
        durationMs,
        success,
      });
    } catch (error) {
      this.#log.error("a collection could not be taken over", { reason: (error as Error).message });
    }
  }
}

import type { Timers } from "../../src/agent/timers.ts";
import type { Clock } from "../../src/lib/clock.ts";

interface Waiting {
  readonly due: number;
  readonly callback: () => void;
}

/** A wall clock, a monotonic clock and timers that stand still until {@link FakeTime.advance}. */
export class FakeTime implements Clock, Timers {
  #monotonic = 0;
  #waiting = new Set<Waiting>();

  constructor(private wall: number) {}

  now(): number {
    return Math.floor(this.wall);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { due: this.#monotonic + ms, callback };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  /** Lets time pass, calling back in order. Call-backs may go on in promises: those run before the next one. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#monotonic + ms;
    for (;;) {
      const next = [...this.#waiting].sort((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#pass(Math.max(0, next.due - this.#monotonic));
      this.#waiting.delete(next);
      next.callback();
      await settle();
    }
    this.#pass(end - this.#monotonic);
    await settle();
  }

  /** Time in which the process does not run, though timers become due: a busy machine. */
  stall(ms: number): void {
    this.#pass(ms);
  }

  /** Somebody sets the wall clock, or the machine was suspended: the monotonic clock does not notice. */
  set(ms: number): void {
    this.wall += ms;
  }

  #pass(ms: number): void {
    this.#monotonic += ms;
    this.wall += ms;
  }
}

/** Lets all promises that can go on do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

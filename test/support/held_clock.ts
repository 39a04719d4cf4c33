import type { Clock } from "../../src/lib/clock.ts";

/** A wall clock that stands until a test moves it. The monotonic one runs. */
export class HeldClock implements Clock {
  constructor(public time: number) {}

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return performance.now();
  }
}

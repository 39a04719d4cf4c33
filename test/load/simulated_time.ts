import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const FILE = "time.json";
const STATE = z.strictObject({ wallStart: z.number(), simulatedStart: z.number(), speed: z.number() });

/** Time that begins in the past and runs faster than the wall clock until it has caught up with it. */
export class SimulatedTime {
  private constructor(private readonly state: z.infer<typeof STATE>) {}

  /** The time of this data directory; begun when it has none, so that it goes on where a killed process left it. */
  static resume(dataDir: string, speed: number, lead: number): SimulatedTime {
    const path = join(dataDir, FILE);
    if (existsSync(path)) return new SimulatedTime(STATE.parse(JSON.parse(readFileSync(path, "utf8"))));
    const now = Date.now();
    const state = { wallStart: now, simulatedStart: now - lead, speed };
    writeFileSync(path, JSON.stringify(state));
    return new SimulatedTime(state);
  }

  get start(): number {
    return this.state.simulatedStart;
  }

  /** Milliseconds since the epoch; never goes back, never ahead of the wall clock. */
  now(): number {
    const now = Date.now();
    return Math.min(now, this.state.simulatedStart + (now - this.state.wallStart) * this.state.speed);
  }
}

/**
 * The wall-clock grid that an exporter's timestamps lie on: `k × interval + phase`. Timestamps are regular whatever the
 * agent's start time, and a fleet's agents, each with its own phase, do not all speak in the same millisecond.
 */
export class Grid {
  /** @param phase in ms, 0 … interval - 1 */
  constructor(
    readonly intervalMs: number,
    readonly phase: number,
  ) {}

  /** The last grid time that is not after `time`. */
  at(time: number): number {
    return Math.floor((time - this.phase) / this.intervalMs) * this.intervalMs + this.phase;
  }

  /** The first grid time after `time`. */
  after(time: number): number {
    return this.at(time) + this.intervalMs;
  }
}

/** A client's phase for an interval: the same on every start, spread evenly over clients. */
export function phaseOf(clientId: string, intervalMs: number): number {
  const digest = new Bun.CryptoHasher("sha256").update(`${clientId} ${intervalMs}`).digest();
  return Number(digest.readBigUInt64BE(0) % BigInt(intervalMs));
}

import type { Host } from "../host.ts";

/** One reading: base units, a finite float. `labels` are this sample's own pairs; job, instance and the agent's labels are added later. */
export interface Sample {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** One collector of the agent: I/O plus a pure parser. Registered in the list of `index.ts`, nowhere else. */
export interface Exporter {
  readonly name: string;
  /**
   * Reads everything once. `signal` fires at the deadline; what is still running then must end.
   * @throws NoData when the hardware or service to read is not there: that is not a failure.
   */
  collect(host: Host, signal: AbortSignal): Promise<Sample[]>;
}

/** What an exporter reads does not exist on this machine. Said once at info, looked for again every few minutes. */
export class NoData extends Error {
  override readonly name = "NoData";
}

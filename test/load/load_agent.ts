import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { hasIdentity, type Identity, loadOrEnrol } from "../../src/agent/identity.ts";
import { type Reading, Spool } from "../../src/agent/spool.ts";
import { Uplink } from "../../src/agent/uplink.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/log.ts";
import { labelsOf, METRIC_NAME } from "../../src/metrics/labels.ts";
import { type Layout, layoutHash } from "../../src/wire/layout.ts";
import { encodeValues } from "../../src/wire/values.ts";
import type { Ledger } from "./ledger.ts";
import { kindOf, METRIC_NAMES, valueAt } from "./series.ts";

const SPOOL_BYTES = 256 * 2 ** 20;

export interface LoadAgentOptions {
  /** Its number: a label of its series, and an argument of their values. */
  readonly agent: number;
  readonly series: number;
  /** Milliseconds between two ticks. */
  readonly interval: number;
  /** Ticks are at k × interval + phase. */
  readonly phase: number;
  /** `https://host:port` */
  readonly server: string;
  /** Called when this agent has no identity yet. */
  readonly createToken: () => Promise<string>;
  /** Its own. */
  readonly dataDir: string;
  readonly ledger: Ledger | undefined;
  readonly log: Logger;
}

/** One simulated node: the agent's real identity, spool and uplink, behind series that are computed. */
export class LoadAgent {
  /** Frames since the process started. */
  spooled = 0;
  acknowledged = 0;
  private readonly spool: Spool;
  private readonly uplink: Uplink;
  private readonly stopped = new AbortController();
  private readonly layout: Layout;
  private readonly hash: string;
  private readonly values: Float64Array;

  private constructor(
    private readonly options: LoadAgentOptions,
    identity: Identity,
  ) {
    const { agent, series, interval, dataDir, log } = options;
    this.layout = layoutOf(agent, series, interval, identity.instance);
    this.hash = layoutHash(this.layout);
    this.values = new Float64Array(series);
    this.spool = Spool.open({
      path: join(dataDir, "spool.db"),
      maxBytes: SPOOL_BYTES,
      clock: systemClock,
      log,
    });
    this.countAcknowledgements();
    const { server } = identity;
    this.uplink = new Uplink({
      server,
      identity,
      bootId: "load",
      spool: this.spool,
      clock: systemClock,
      log,
    });
  }

  static async join(options: LoadAgentOptions): Promise<LoadAgent> {
    const { dataDir, server, agent } = options;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const identity = await loadOrEnrol(
      {
        server,
        token: hasIdentity(dataDir) ? "" : await options.createToken(),
        name: `load-${String(agent).padStart(4, "0")}`,
        machineId: "",
        dataDir,
        clock: systemClock,
      },
      options.log,
    );
    return new LoadAgent(options, identity);
  }

  /** Spools one frame per tick in (after, until], all in one transaction. */
  spoolTicks(after: number, until: number): void {
    const { agent, interval, phase, ledger } = this.options;
    const readings: Reading[] = [];
    const next = Math.floor((after - phase) / interval) + 1;
    for (let timestamp = next * interval + phase; timestamp <= until; timestamp += interval)
      readings.push({ hash: this.hash, layout: this.layout, timestamp, payload: this.payloadAt(timestamp) });
    if (readings.length === 0) return;
    const first = this.spool.lastSequence + 1;
    this.spool.append(readings);
    this.spooled += readings.length;
    ledger?.spooled(
      agent,
      this.spool.epoch,
      readings.map(({ timestamp }, i) => ({ sequence: first + i, timestamp })),
    );
  }

  /** True while frames can be delivered. */
  get connected(): boolean {
    return this.uplink.stats.connected;
  }

  /** Keeps the connection up until {@link close}. */
  connect(): void {
    void this.uplink.run(this.stopped.signal);
  }

  close(): void {
    this.stopped.abort();
    this.spool.close();
  }

  private payloadAt(timestamp: number): Uint8Array {
    const { agent, series } = this.options;
    for (let i = 0; i < series; i++) this.values[i] = valueAt(agent, i, timestamp);
    return encodeValues(this.values);
  }

  /** The uplink tells acknowledgements to the spool only. */
  private countAcknowledgements(): void {
    const { spool } = this;
    const acknowledge = spool.acknowledge.bind(spool);
    spool.acknowledge = (sequence) => {
      const before = spool.stats().frames;
      acknowledge(sequence);
      this.acknowledged += before - spool.stats().frames;
      if (sequence > 0) this.options.ledger?.acknowledged(this.options.agent, spool.epoch, sequence);
    };
  }
}

function layoutOf(agent: number, count: number, interval: number, instance: string): Layout {
  const series = Array.from({ length: count }, (_, i) =>
    labelsOf([
      [METRIC_NAME, METRIC_NAMES[kindOf(i)]],
      ["agent", String(agent)],
      ["series", String(i)],
      ["job", "load"],
      ["instance", instance],
    ]),
  );
  return { exporter: "load", interval, series };
}

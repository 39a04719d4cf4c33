import { rmSync } from "node:fs";
import { silentLogger } from "../../src/lib/log.ts";
import { type Labels, labelsOf } from "../../src/metrics/labels.ts";
import type { QueryParams } from "../../src/promql/grid.ts";
import { Store } from "../../src/store/store.ts";
import type { AppendOutcome, StoreOptions } from "../../src/store/types.ts";
import { type Layout, layoutHash } from "../../src/wire/layout.ts";
import { encodeValues } from "../../src/wire/values.ts";
import { HeldClock } from "../support/held_clock.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

/** Some moment on the grid of every bucket width that tests use. */
export const T0 = 1_800_000_000_000;
export const BUCKET_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** A real store in a folder of its own, with a client that sends to it. */
export class StoreFixture {
  readonly clock = new HeldClock(T0);
  readonly dataDir: string;
  store!: Store;
  private readonly durable = new Map<number, number>();

  private constructor(public options: Partial<StoreOptions>) {
    this.dataDir = options.dataDir ?? temporaryFolder().path;
  }

  static async open(options: Partial<StoreOptions> = {}): Promise<StoreFixture> {
    const fixture = new StoreFixture(options);
    await fixture.reopen();
    return fixture;
  }

  async reopen(): Promise<void> {
    this.store = await Store.open({
      dataDir: this.dataDir,
      bucketMs: BUCKET_MS,
      retentionMs: 24 * HOUR_MS,
      queryWorkers: 1,
      queryTimeoutMs: 10_000,
      clock: this.clock,
      log: silentLogger,
      ...this.options,
    });
    this.store.onDurable((stream, sequence) => this.durable.set(stream, sequence));
  }

  async restart(): Promise<void> {
    await this.store.close();
    await this.reopen();
  }

  async remove(): Promise<void> {
    await this.store.close();
    rmSync(this.dataDir, { recursive: true });
  }

  sender(owner: number, layout: Layout, epoch = "e1"): Sender {
    return new Sender(this, owner, layout, epoch);
  }

  durableSequence(stream: number): number {
    return this.durable.get(stream) ?? 0;
  }

  /** Every sample of the series of one metric within ±12 h of now, as `[seconds since T0, value]`, by its labels. */
  async samples(metric: string): Promise<Record<string, [number, number][]>> {
    const time = this.clock.now();
    const outcome = await this.store.query(`${metric}[24h]`, { kind: "instant", time });
    if (!outcome.ok) throw new Error(outcome.error.message);
    const data = JSON.parse(new TextDecoder().decode(outcome.json)) as MatrixData;
    const found: Record<string, [number, number][]> = {};
    for (const { metric: labels, values } of data.result)
      found[`${labels.instance}`] = values.map(([at, value]) => [
        Math.round(at * 1000 - T0) / 1000,
        Number(value),
      ]);
    return found;
  }

  /** An instant query's vector, values by instance. */
  async vector(query: string, time = this.clock.now()): Promise<Record<string, number>> {
    const params: QueryParams = { kind: "instant", time };
    const outcome = await this.store.query(query, params);
    if (!outcome.ok) throw new Error(outcome.error.message);
    const data = JSON.parse(new TextDecoder().decode(outcome.json)) as VectorData;
    return Object.fromEntries(
      data.result.map(({ metric, value }) => [metric.instance ?? "", Number(value[1])]),
    );
  }
}

interface MatrixData {
  result: { metric: Record<string, string>; values: [number, string][] }[];
}

interface VectorData {
  result: { metric: Record<string, string>; value: [number, string] }[];
}

/** One exporter of one client. */
export class Sender {
  readonly stream: number;
  sequence: number;
  private layout: number;
  private readonly fixture: StoreFixture;

  constructor(
    fixture: StoreFixture,
    readonly owner: number,
    layout: Layout,
    epoch: string,
  ) {
    this.fixture = fixture;
    const opened = fixture.store.openStream(owner, epoch);
    this.stream = opened.stream;
    this.sequence = opened.sequence;
    this.layout = fixture.store.registerLayout(owner, layout, layoutHash(layout)).id;
  }

  use(layout: Layout): void {
    this.layout = this.fixture.store.registerLayout(this.owner, layout, layoutHash(layout)).id;
  }

  /** The clock follows the frames. */
  send(timestamp: number, values: number[], sequence = this.sequence + 1): AppendOutcome {
    const { clock, store } = this.fixture;
    clock.time = Math.max(clock.time, timestamp);
    this.sequence = Math.max(this.sequence, sequence);
    const { owner, stream, layout } = this;
    return store.append({ stream, owner, layout, sequence, timestamp, payload: encodeValues(values) });
  }

  /** Resolves when everything sent is durable. */
  async settled(): Promise<void> {
    await until(() => this.fixture.durableSequence(this.stream) >= this.sequence, "frames to be durable");
  }
}

export function layoutOf(instance: string, metrics: string[], exporter = "os"): Layout {
  return { exporter, interval: 5000, series: metrics.map((metric) => seriesOf(instance, metric)) };
}

export function seriesOf(instance: string, metric: string): Labels {
  return labelsOf([
    ["__name__", metric],
    ["instance", instance],
    ["job", "node"],
  ]);
}

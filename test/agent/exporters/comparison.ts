import type { Exporter } from "../../../src/agent/exporters/exporter.ts";
import type { Host } from "../../../src/agent/host.ts";
import { catalogue } from "../../../src/metrics/catalogue.ts";
import { type Exposition, seriesOf } from "./exposition_reader.ts";
import type { NodeExporter } from "./node_exporter.ts";
import type { Difference } from "./node_exporter_differences.ts";

/** One reading of ours between two of theirs. */
export interface Round {
  readonly before: Exposition;
  readonly ours: ReadonlyMap<string, number>;
  readonly after: Exposition;
}

const TOLERANCE = 0.01;

/** The same machine as the os exporter and as node_exporter tell of it. */
export class Comparison {
  private constructor(
    readonly rounds: readonly Round[],
    private readonly differences: readonly Difference[],
  ) {}

  /** On a busy machine a quick gauge may differ in a round or two; a wrong one differs in all. */
  static async take(
    os: Exporter,
    host: Host,
    theirs: NodeExporter,
    differences: readonly Difference[],
    count: number,
  ): Promise<Comparison> {
    const rounds: Round[] = [];
    for (let i = 0; i < count; i++) {
      const before = await theirs.scrape();
      const samples = await os.collect(host, new AbortController().signal);
      const after = await theirs.scrape();
      const ours = new Map(samples.map(({ name, labels, value }) => [seriesOf(name, labels), value]));
      rounds.push({ before, ours, after });
      await Bun.sleep(20);
    }
    return new Comparison(rounds, differences);
  }

  /** Theirs, not ours, not listed. */
  missing(): string[] {
    const series = this.#inEveryRound(({ before, ours, after }) =>
      [...before.values.keys()].filter((one) => after.values.has(one) && !ours.has(one)),
    );
    return this.#unlisted("node_exporter", series);
  }

  /** Ours, not theirs, not listed. */
  additional(): string[] {
    const series = this.#inEveryRound(({ before, ours, after }) =>
      [...ours.keys()].filter((one) => !before.values.has(one) && !after.values.has(one)),
    );
    return this.#unlisted("dcmon", series);
  }

  /** Gauges more than 1 % off, counters not between the bracketing readings; not listed. */
  different(): string[] {
    const series = this.#inEveryRound((round) =>
      [...round.ours.keys()].filter((one) => round.before.values.has(one) && !agrees(one, round)),
    );
    return this.#unlisted("values", series).map((one) => describe(one, this.rounds.at(-1)!));
  }

  /** Listed differences that this machine does not show. */
  unseen(): Difference[] {
    const { before, ours } = this.rounds[0]!;
    return this.differences.filter(({ where, series }) => {
      const candidates = where === "dcmon" ? ours : before.values;
      return ![...candidates.keys()].some((one) => series.test(one));
    });
  }

  #inEveryRound(select: (round: Round) => string[]): string[] {
    const [first, ...others] = this.rounds.map((round) => new Set(select(round)));
    return [...first!].filter((series) => others.every((set) => set.has(series)));
  }

  #unlisted(where: Difference["where"], series: readonly string[]): string[] {
    const listed = this.differences.filter((difference) => difference.where === where);
    return series.filter((one) => !listed.some((difference) => difference.series.test(one)));
  }
}

export function nameOf(series: string): string {
  return series.replace(/\{.*/s, "");
}

function agrees(series: string, { before, ours, after }: Round): boolean {
  const first = before.values.get(series)!;
  const second = after.values.get(series);
  if (second === undefined) return true; // It went away in between.
  const low = Math.min(first, second);
  const high = Math.max(first, second);
  const value = ours.get(series)!;
  const isCounter = catalogue.get(nameOf(series))?.type === "counter";
  const slack = isCounter ? 1e-9 * Math.abs(high) : TOLERANCE * Math.max(Math.abs(low), Math.abs(high));
  return value >= low - slack && value <= high + slack;
}

function describe(series: string, { before, ours, after }: Round): string {
  return `${series} ${ours.get(series)}, node_exporter ${before.values.get(series)} … ${after.values.get(series)}`;
}

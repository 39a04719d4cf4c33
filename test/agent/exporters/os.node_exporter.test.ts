import { afterAll, beforeAll, expect, test } from "bun:test";
import { createOs } from "../../../src/agent/exporters/os.ts";
import { Host } from "../../../src/agent/host.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { catalogue } from "../../../src/metrics/catalogue.ts";
import { type Exposition, seriesOf } from "./exposition_reader.ts";
import { type NodeExporter, startNodeExporter } from "./node_exporter.ts";
import { DIFFERENCES, type Difference } from "./node_exporter_differences.ts";

/** One reading of ours between two of theirs. */
interface Round {
  readonly before: Exposition;
  readonly ours: ReadonlyMap<string, number>;
  readonly after: Exposition;
}

/** On a busy machine a quick gauge may differ in a round or two; a wrong one differs in all. */
const ROUNDS = 12;
const TOLERANCE = 0.01;

const rounds: Round[] = [];
let theirs: NodeExporter;

beforeAll(async () => {
  theirs = await startNodeExporter();
  const host = new Host({ clock: systemClock });
  const os = createOs({ log: silentLogger, complete: true });
  for (let i = 0; i < ROUNDS; i++) {
    const before = await theirs.scrape();
    const samples = await os.collect(host, new AbortController().signal);
    const after = await theirs.scrape();
    const ours = new Map(samples.map(({ name, labels, value }) => [seriesOf(name, labels), value]));
    if (i === 0) expect(ours.size).toBe(samples.length);
    rounds.push({ before, ours, after });
    await Bun.sleep(20);
  }
}, 60_000);

afterAll(() => theirs.stop());

test("every series of node_exporter's is ours too, but for the listed ones", () => {
  const missing = inEveryRound(({ before, ours, after }) =>
    [...before.values.keys()].filter((series) => after.values.has(series) && !ours.has(series)),
  );
  expect(unlisted("node_exporter", missing)).toEqual([]);
});

test("every series of ours is node_exporter's too, but for the listed ones", () => {
  const additional = inEveryRound(({ before, ours, after }) =>
    [...ours.keys()].filter((series) => !before.values.has(series) && !after.values.has(series)),
  );
  expect(unlisted("dcmon", additional)).toEqual([]);
});

test("gauges are within 1 %, counters between two bracketing readings", () => {
  const different = inEveryRound((round) =>
    [...round.ours.keys()].filter((series) => round.before.values.has(series) && !agrees(series, round)),
  );
  const shown = unlisted("values", different).map((series) => describe(series, rounds.at(-1)!));
  expect(shown).toEqual([]);
});

test("listed differences that no longer occur are reported", () => {
  const { before, ours } = rounds[0]!;
  for (const difference of DIFFERENCES) {
    const candidates = difference.where === "dcmon" ? ours : before.values;
    if (![...candidates.keys()].some((series) => difference.series.test(series)))
      console.warn(
        `Not seen on this machine: ${difference.where} ${difference.series} (${difference.reason})`,
      );
  }
});

test("every series of ours is in the catalogue, with node_exporter's type where that has one", () => {
  const { ours, before } = rounds[0]!;
  const wrong = [...ours.keys()].filter((series) => {
    const name = series.replace(/\{.*/s, "");
    const type = catalogue.get(name)?.type;
    const theirType = before.types.get(name);
    return type === undefined || (type !== theirType && !mayDiffer(name, theirType));
  });
  expect(wrong).toEqual([]);
});

/** node_exporter knows no type for what it names after the kernel, and calls conntrack's counters gauges. */
function mayDiffer(name: string, theirType: string | undefined): boolean {
  return theirType === undefined || theirType === "untyped" || name.startsWith("node_nf_conntrack_stat_");
}

function inEveryRound(select: (round: Round) => string[]): string[] {
  const [first, ...others] = rounds.map((round) => new Set(select(round)));
  return [...first!].filter((series) => others.every((set) => set.has(series)));
}

function unlisted(where: Difference["where"], series: readonly string[]): string[] {
  const listed = DIFFERENCES.filter((difference) => difference.where === where);
  return series.filter((one) => !listed.some((difference) => difference.series.test(one)));
}

function agrees(series: string, { before, ours, after }: Round): boolean {
  const low = Math.min(before.values.get(series)!, after.values.get(series) ?? Number.NaN);
  const high = Math.max(before.values.get(series)!, after.values.get(series) ?? Number.NaN);
  if (Number.isNaN(low)) return true; // It went away in between.
  const value = ours.get(series)!;
  const isCounter = catalogue.get(series.replace(/\{.*/s, ""))?.type === "counter";
  const slack = isCounter ? 1e-9 * Math.abs(high) : TOLERANCE * Math.max(Math.abs(low), Math.abs(high));
  return value >= low - slack && value <= high + slack;
}

function describe(series: string, { before, ours, after }: Round): string {
  return `${series} ${ours.get(series)}, node_exporter ${before.values.get(series)} … ${after.values.get(series)}`;
}

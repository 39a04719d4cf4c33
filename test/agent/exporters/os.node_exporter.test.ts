import { afterAll, beforeAll, expect, test } from "bun:test";
import { createOs } from "../../../src/agent/exporters/os.ts";
import { Host } from "../../../src/agent/host.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { catalogue } from "../../../src/metrics/catalogue.ts";
import { Comparison, nameOf } from "./comparison.ts";
import { type NodeExporter, startNodeExporter } from "./node_exporter.ts";
import { DIFFERENCES } from "./node_exporter_differences.ts";

let theirs: NodeExporter;
let comparison: Comparison;

beforeAll(async () => {
  theirs = await startNodeExporter();
  const os = createOs({ log: silentLogger, complete: true });
  comparison = await Comparison.take(os, new Host({ clock: systemClock }), theirs, DIFFERENCES, 12);
}, 60_000);

afterAll(() => theirs.stop());

test("every series of node_exporter's is ours too, but for the listed ones", () => {
  expect(comparison.missing()).toEqual([]);
});

test("every series of ours is node_exporter's too, but for the listed ones", () => {
  expect(comparison.additional()).toEqual([]);
});

test("gauges are within 1 %, counters between two bracketing readings", () => {
  expect(comparison.different()).toEqual([]);
});

test("listed differences that no longer occur are reported", () => {
  for (const { where, series, reason } of comparison.unseen())
    console.warn(`Not seen on this machine: ${where} ${series} (${reason})`);
});

test("every series of ours is in the catalogue, with node_exporter's type where that has one", () => {
  const { ours, before } = comparison.rounds[0]!;
  const wrong = [...ours.keys()].filter((series) => {
    const name = nameOf(series);
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

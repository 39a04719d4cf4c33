import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Sample } from "../../src/agent/exporters/exporter.ts";
import { MAX_EXPORTER_SERIES } from "../../src/agent/layouts/exporter_layout.ts";
import { Layouts } from "../../src/agent/layouts.ts";
import type { Reading } from "../../src/agent/spool.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { formatLabels } from "../../src/metrics/labels.ts";
import { layoutFault, layoutHash, MAX_LAYOUT_SERIES } from "../../src/wire/layout.ts";
import { decodeValues } from "../../src/wire/values.ts";
import { recordingLogger } from "../support/recording_logger.ts";

const sample = (name: string, value: number, labels: Record<string, string> = {}): Sample => ({
  name,
  value,
  labels: Object.entries(labels),
});

function newLayouts(labels: Record<string, string> = {}, log = silentLogger) {
  const layouts = new Layouts({ instance: "gpu-1", labels, log });
  let timestamp = 0;
  const tick = (samples: Sample[]) => {
    timestamp += 5000;
    const run = { exporter: "test", intervalMs: 5000, durationMs: 1, success: true };
    return layouts.readings({ ...run, timestamp, samples });
  };
  return { layouts, tick };
}

/** What a server reads in the frames of one tick: NaN for a series that is absent. */
function decoded(readings: readonly Reading[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { layout, hash, payload } of readings) {
    expect(layoutFault(layout)).toBeUndefined();
    expect(layoutHash(layout)).toBe(hash);
    const values = new Float64Array(layout.series.length);
    decodeValues(payload, values.length, values);
    for (const [column, labels] of layout.series.entries()) found.set(formatLabels(labels), values[column]!);
  }
  return found;
}

test("every series carries job, instance and the agent's labels, below the sample's own", () => {
  const { tick } = newLayouts({ rack: "r7", zone: "a", instance: "other" });
  const series = [
    ...decoded(tick([sample("up_time", 1, { zone: "b" }), sample("load", 2, { job: "db" })])).keys(),
  ];
  expect(series).toEqual([
    'load{instance="gpu-1",job="db",rack="r7",zone="a"}',
    'up_time{instance="gpu-1",job="node",rack="r7",zone="b"}',
  ]);
});

test("the same set of series is the same layout, in whatever order and after whatever restart", () => {
  const a = newLayouts().tick([sample("a", 1), sample("b", 2), sample("c", 3)]);
  const { tick } = newLayouts();
  tick([sample("c", 1)]);
  const b = tick([sample("c", 3), sample("b", 2), sample("a", 1)]);
  expect(b[0]!.hash).toBe(a[0]!.hash);
  expect(b[0]!.payload).toEqual(a[0]!.payload);
});

test("a series that is not reported stays as absent until more than a quarter is, and one frame has told its end", () => {
  const { tick } = newLayouts();
  const all = "abcdefgh".split("").map((name) => sample(name, 1));
  const full = tick(all);
  const quarter = tick(all.slice(2));
  expect(quarter[0]!.hash).toBe(full[0]!.hash);
  expect(tick(all.slice(2))[0]!.hash).toBe(full[0]!.hash);

  // d ends now: a and b ended before and may go, d has to be told.
  const shrunk = tick(all.slice(2).filter(({ name }) => name !== "d"));
  expect(shrunk[0]!.layout.series).toHaveLength(6);
  expect([...decoded(shrunk).values()].filter(Number.isNaN)).toHaveLength(1);
});

test("an exporter that reports nothing any more tells every series' end once, then sends nothing", () => {
  const { tick } = newLayouts();
  tick([sample("a", 1), sample("b", 1)]);
  expect([...decoded(tick([])).values()]).toEqual([Number.NaN, Number.NaN]);
  expect(tick([])).toEqual([]);
  expect(decoded(tick([sample("b", 5)])).size).toBe(1);
});

test("what cannot be stored is left out, counted by reason, and told once", () => {
  const { log, lines } = recordingLogger();
  const { layouts, tick } = newLayouts({}, log);
  const samples = [
    sample("good", 1),
    sample("nan", Number.NaN),
    sample("infinite", Number.NEGATIVE_INFINITY),
    sample("bad name", 1),
    sample("bad_label", 1, { "a-b": "x" }),
    sample("nul", 1, { a: "\u0000" }),
    sample("long", 1, { a: "x".repeat(2000) }),
    sample("twice", 1, { a: "x" }),
    sample("twice", 2, { a: "x" }),
  ];
  const expected = new Map([
    ['good{instance="gpu-1",job="node"}', 1],
    ['twice{a="x",instance="gpu-1",job="node"}', 2],
  ]);
  for (let i = 1; i <= 3; i++) {
    expect(decoded(tick(samples))).toEqual(expected);
    expect(layouts.drops.counts).toEqual({ non_finite: 2 * i, invalid: 4 * i, duplicate: i, limit: 0 });
  }
  expect(lines).toHaveLength(3);
  expect(lines.join("\n")).not.toContain("\u0000\n");
});

test("a value that becomes finite is taken up, one that stops being finite ends", () => {
  const { tick } = newLayouts();
  const at = (value: number) => decoded(tick([sample("a", 1), sample("b", 2), sample("x", value)]));
  const x = 'x{instance="gpu-1",job="node"}';
  expect(at(Number.NaN).has(x)).toBe(false);
  expect(at(7).get(x)).toBe(7);
  expect(at(Number.POSITIVE_INFINITY).get(x)).toBeNaN();
  expect(at(8).get(x)).toBe(8);
});

test("more series than a layout holds become several layouts, and more than an exporter may have are left out", () => {
  const { layouts, tick } = newLayouts();
  const many = Array.from({ length: MAX_EXPORTER_SERIES + 5 }, (_, i) => sample("m", i, { i: String(i) }));
  const readings = tick(many);
  expect(readings).toHaveLength(Math.ceil(MAX_EXPORTER_SERIES / MAX_LAYOUT_SERIES));
  expect(decoded(readings).size).toBe(MAX_EXPORTER_SERIES);
  expect(layouts.drops.counts.limit).toBe(5);
});

test("layouts with long labels stay below the wire's limit in bytes", () => {
  const { tick } = newLayouts();
  const long = Array.from({ length: 1500 }, (_, i) => sample("m", i, { i: `${i}${"ü".repeat(1000)}` }));
  const readings = tick(long);
  expect(readings.length).toBeGreaterThan(3);
  expect(decoded(readings).size).toBe(1500);
});

test("whatever comes and goes: every present value arrives, and every series that ends is told as absent", () => {
  const names = "abcdefghijkl".split("");
  const values = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(Number.NaN));
  const ticks = fc.array(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...names), values), { selector: ([name]) => name }),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(ticks, (sequence) => {
      const { tick } = newLayouts();
      let before = new Set<string>();
      for (const samples of sequence) {
        const frames = decoded(tick(samples.map(([name, value]) => sample(name, value))));
        const present = new Map(
          samples
            .filter(([, value]) => Number.isFinite(value))
            .map(([name, value]) => [`${name}{instance="gpu-1",job="node"}`, value]),
        );
        for (const [series, value] of present) expect(frames.get(series)).toBe(value);
        for (const [series, value] of frames) if (!present.has(series)) expect(value).toBeNaN();
        for (const series of before) if (!present.has(series)) expect(frames.has(series)).toBe(true);
        before = new Set(present.keys());
      }
    }),
    { numRuns: 500 },
  );
});

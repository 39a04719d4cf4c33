import type { SeriesSamples } from "../../src/promql/source.ts";
import { labels } from "./memory_source.ts";
import type { Random } from "./random.ts";

/** A whole second; no sample lies on one, so windows that end on whole seconds never touch a sample. */
export const DATA_START = 1_768_435_200_000;
export const DATA_MS = 9_000_000;

const INSTANCES = ["node-1", "node-2", "node-3", "node-4"];

interface Shape {
  readonly interval: number;
  readonly next: (previous: number, random: Random) => number;
  readonly first: (random: Random) => number;
  /** Probability that a run of samples is missing after one, with and without a stale marker. */
  readonly gaps?: number;
  readonly stale?: number;
  /** The part of the time in which the series exists. */
  readonly life?: readonly [from: number, to: number];
}

/**
 * Series for comparing engines: counters with resets, gauges with gaps and negative values, stale markers, series
 * that come and go, several intervals, labels that overlap between metrics. Values are multiples of 1/1024, so sums
 * are exact in whatever order they are added.
 */
export function sampleData(random: Random): SeriesSamples[] {
  const made: SeriesSamples[] = [];
  const add = (text: string, shape: Shape): void => {
    made.push(makeSeries(text, shape, random));
  };
  const counter: Shape = {
    interval: 10,
    first: (r) => (r.chance(0.3) ? 0 : 100_000 + r.below(100_000)),
    // From zero it jumps: after a gap that begins a little above zero, Prometheus 2 and 3 extrapolate differently.
    next: (previous, r) => (r.chance(0.01) ? 0 : (previous || 5_000) + r.below(65_536) / 1024),
  };
  const gauge: Shape = {
    interval: 30,
    first: (r) => r.below(102_400) / 1024,
    next: (previous, r) => previous + (r.below(20_481) - 10_240) / 1024,
    gaps: 0.03,
  };
  for (const instance of INSTANCES) {
    for (const code of ["200", "404", "500"]) {
      add(`requests_total{job="api",instance="${instance}",code="${code}"}`, counter);
      if (code !== "404")
        add(`errors_total{job="api",instance="${instance}",code="${code}"}`, {
          ...counter,
          interval: 15,
          stale: 0.01,
        });
    }
    add(`requests_total{job="web",instance="${instance}",code="200"}`, { ...counter, interval: 15, gaps: 0 });
    for (const sensor of ["cpu", "board"])
      add(`temperature{instance="${instance}",sensor="${sensor}"}`, gauge);
    add(`load{job="node",instance="${instance}"}`, { ...gauge, interval: 15, stale: 0.02 });
    add(`sparse{instance="${instance}"}`, { ...gauge, interval: 240, gaps: 0.1 });
    add(`state{job="node",instance="${instance}"}`, {
      interval: 20,
      first: () => 1,
      next: (_, r) => r.below(3),
    });
    add(
      `node_info{instance="${instance}",rack="r${instance.at(-1)! < "3" ? 1 : 2}",model="m${instance.at(-1)}"}`,
      {
        interval: 60,
        first: () => 1,
        next: () => 1,
      },
    );
  }
  add('load{job="node",instance="late"}', { ...gauge, interval: 15, life: [0.4, 1] });
  add('load{job="node",instance="early"}', { ...gauge, interval: 15, life: [0, 0.6] });
  add('requests_total{job="api",instance="late",code="200"}', {
    ...counter,
    first: () => 0,
    life: [0.55, 1],
  });
  made.push(...histogram("node-1", random), ...histogram("node-2", random));
  return made;
}

function makeSeries(text: string, shape: Shape, random: Random): SeriesSamples {
  const [from, to] = shape.life ?? [0, 1];
  const timestamps: number[] = [];
  const values: number[] = [];
  let value = shape.first(random);
  let missing = 0;
  const phase = 100 + random.below(800);
  for (let offset = from * DATA_MS; offset < to * DATA_MS; offset += shape.interval * 1000) {
    const time = DATA_START + offset + phase;
    if (offset > from * DATA_MS) value = shape.next(value, random);
    if (missing-- > 0) continue;
    const stale = random.chance(shape.stale ?? 0);
    timestamps.push(time);
    values.push(stale ? Number.NaN : value);
    if (stale || random.chance(shape.gaps ?? 0)) missing = 1 + random.below(30);
  }
  return {
    labels: labels(text),
    timestamps: Float64Array.from(timestamps),
    values: Float64Array.from(values),
  };
}

function histogram(instance: string, random: Random): SeriesSamples[] {
  const bounds = ["0.1", "0.5", "1", "2.5", "+Inf"];
  const counts = bounds.map((_, i) => 10_000 * (i + 1));
  const series = bounds.map((le) => ({
    labels: labels(`duration_seconds_bucket{instance="${instance}",le="${le}"}`),
    timestamps: [] as number[],
    values: [] as number[],
  }));
  for (let offset = 0; offset < DATA_MS; offset += 15_000) {
    for (let n = random.below(12); n > 0; n--) {
      const bucket = random.below(bounds.length);
      for (let i = bucket; i < bounds.length; i++) counts[i]!++;
    }
    series.forEach(({ timestamps, values }, i) => {
      timestamps.push(DATA_START + offset + 321);
      values.push(counts[i]!);
    });
  }
  return series.map(({ labels, timestamps, values }) => ({
    labels,
    timestamps: Float64Array.from(timestamps),
    values: Float64Array.from(values),
  }));
}

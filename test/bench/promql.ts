import { systemClock } from "../../src/lib/clock.ts";
import { labelsOf } from "../../src/metrics/labels.ts";
import { evaluate } from "../../src/promql/evaluate.ts";
import type { QueryParams } from "../../src/promql/grid.ts";
import { toPrometheusJson } from "../../src/promql/json.ts";
import { DEFAULT_LIMITS } from "../../src/promql/limits.ts";
import type { SeriesSamples, Source } from "../../src/promql/source.ts";

const HOUR_MS = 3_600_000;
const START = 1_768_435_200_000;
const INTERVAL_MS = 10_000;
const RUNS = 15;

/** Counters at 10 s over six hours and the lookback before. */
function counters(count: number, perInstance: number): SeriesSamples[] {
  const samples = (6 * HOUR_MS + 600_000) / INTERVAL_MS;
  return Array.from({ length: count }, (_, n) => {
    const timestamps = Float64Array.from(
      { length: samples },
      (_, i) => START - 600_000 + 321 + i * INTERVAL_MS,
    );
    const values = Float64Array.from({ length: samples }, (_, i) => ((i * (n + 1)) % 200_000) + i / 7);
    const labels = labelsOf([
      ["__name__", "node_cpu_seconds_total"],
      ["instance", `node-${Math.floor(n / perInstance)}`],
      ["cpu", String(n % perInstance)],
    ]);
    return { labels, timestamps, values };
  });
}

async function measure(
  title: string,
  series: SeriesSamples[],
  query: string,
  params: QueryParams,
): Promise<void> {
  const source: Source = { select: async () => series };
  const evaluation: number[] = [];
  const json: number[] = [];
  let bytes = 0;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    const result = await evaluate(source, query, params, { ...DEFAULT_LIMITS, clock: systemClock });
    const evaluated = performance.now();
    bytes = toPrometheusJson(result).length;
    evaluation.push(evaluated - start);
    json.push(performance.now() - evaluated);
  }
  console.log(
    `${title}: first ${evaluation[0]?.toFixed(1)} ms, median ${median(evaluation)} ms, JSON ${median(json)} ms (${bytes} bytes)`,
  );
}

function median(values: number[]): string {
  return (values.toSorted((a, b) => a - b)[values.length >> 1] as number).toFixed(2);
}

const sixHours: QueryParams = {
  kind: "range",
  start: START,
  end: START + 6 * HOUR_MS - 60_000,
  step: 60_000,
};
/** Times queries as a dashboard asks them, evaluation and JSON apart from storage. */
export async function benchPromql(): Promise<void> {
  const few = counters(16, 8);
  const many = counters(1_600, 16);
  await measure("16 rates, 6 h at 10 s, 360 steps", few, "rate(node_cpu_seconds_total[5m])", sixHours);
  await measure(
    "sum by (instance) (rate()) over 1,600 series, 360 steps",
    many,
    "sum by (instance) (rate(node_cpu_seconds_total[5m]))",
    sixHours,
  );
  await measure(
    "max by (instance) over 1,600 series, 360 steps",
    many,
    "max by (instance) (node_cpu_seconds_total)",
    sixHours,
  );
  await measure(
    "ratio of two vectors of 1,600 series, 360 steps",
    many,
    "node_cpu_seconds_total / node_cpu_seconds_total",
    sixHours,
  );
  await measure("topk(5) of 1,600 series, 360 steps", many, "topk(5, node_cpu_seconds_total)", sixHours);
  await measure("topk(5) of 1,600 series, now", many, "topk(5, node_cpu_seconds_total)", {
    kind: "instant",
    time: START + HOUR_MS,
  });
  await measure(
    "avg_over_time[1h] of 16 series, 360 steps",
    few,
    "avg_over_time(node_cpu_seconds_total[1h])",
    sixHours,
  );
}

if (import.meta.main) await benchPromql();

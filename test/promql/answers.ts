import { systemClock } from "../../src/lib/clock.ts";
import { formatLabels, type Labels } from "../../src/metrics/labels.ts";
import { QueryError } from "../../src/promql/error.ts";
import { evaluate, type QueryResult } from "../../src/promql/evaluate.ts";
import { formatNumber } from "../../src/promql/format.ts";
import type { QueryParams } from "../../src/promql/grid.ts";
import { DEFAULT_LIMITS, type QueryLimits } from "../../src/promql/limits.ts";
import type { SeriesSamples, Source } from "../../src/promql/source.ts";
import { MemorySource } from "./memory_source.ts";

export const LIMITS: QueryLimits = { ...DEFAULT_LIMITS, clock: systemClock };

/** At a time in seconds: one line per series (`x{a="1"} 5`), or the scalar or string itself. */
export async function at(
  data: readonly SeriesSamples[],
  query: string,
  seconds: number,
): Promise<string | readonly string[]> {
  return lines(await run(data, query, { kind: "instant", time: Math.round(seconds * 1000) }));
}

/** From start to end by step, in seconds: one line per series with its values, `_` where it has none. */
export async function over(
  data: readonly SeriesSamples[],
  query: string,
  [start, end, step]: readonly [start: number, end: number, step: number],
): Promise<readonly string[]> {
  const params = { kind: "range", start: start * 1000, end: end * 1000, step: step * 1000 } as const;
  const result = await run(data, query, params);
  if (result.type !== "matrix") throw new Error(`expected a matrix, got a ${result.type}`);
  return result.series.map(({ labels, timestamps, values }) => {
    const byTime = new Map([...timestamps].map((time, i) => [time, values[i] as number]));
    const cells: string[] = [];
    for (let time = params.start; time <= params.end; time += params.step) {
      const value = byTime.get(time);
      cells.push(value === undefined ? "_" : short(value));
    }
    return `${name(labels)} ${cells.join(" ")}`;
  });
}

/** The error of a query that must fail. */
export async function failure(
  data: readonly SeriesSamples[],
  query: string,
  seconds = 0,
): Promise<QueryError> {
  try {
    await run(data, query, { kind: "instant", time: seconds * 1000 });
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`${query} should have been refused`);
}

function run(data: readonly SeriesSamples[], query: string, params: QueryParams): Promise<QueryResult> {
  const source: Source = new MemorySource(data);
  return evaluate(source, query, params, LIMITS);
}

function lines(result: QueryResult): string | readonly string[] {
  switch (result.type) {
    case "scalar":
      return short(result.value);
    case "string":
      return result.value;
    case "vector":
      return result.samples.map(({ labels, value }) => `${name(labels)} ${short(value)}`);
    case "matrix":
      return result.series.map(({ labels, timestamps, values }) => {
        const points = [...timestamps].map((time, i) => `${short(values[i] as number)}@${time / 1000}`);
        return `${name(labels)} ${points.join(" ")}`;
      });
    default:
      return result satisfies never;
  }
}

function name(labels: Labels): string {
  return formatLabels(labels) || "{}";
}

/** To nine digits, enough to tell results apart. */
function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : formatNumber(value);
}

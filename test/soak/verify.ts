import { z } from "zod";
import { valueAt } from "../load/series.ts";
import type { TracedServer } from "./traced_server.ts";

export interface Verified {
  /** Samples that were compared with the value they must have. */
  samples: number;
  /** Frames that are there and were not expected. */
  framesBeyondLedger: number;
}

const MATRIX = z.object({
  result: z.array(
    z.object({
      metric: z.record(z.string(), z.string()),
      values: z.array(z.tuple([z.number(), z.string()])),
    }),
  ),
});

/**
 * Reads back every raw sample of one agent that is newer than `cutoff` (ms).
 * @param expected timestamps (ms) of frames that must be there
 * @throws Error that names the first sample that is missing, there twice or wrong.
 */
export async function verifyAgent(
  server: TracedServer,
  agent: number,
  series: number,
  expected: readonly number[],
  cutoff: number,
): Promise<Verified> {
  const now = Date.now();
  const seconds = Math.ceil((now - cutoff) / 1000);
  const query = `{__name__=~"load_.+",agent="${agent}"}[${seconds}s]`;
  const { result } = MATRIX.parse(await server.get("/api/v1/query", { query, time: String(now / 1000) }));
  if (result.length !== series)
    throw new Error(`Agent ${agent} has ${result.length} series, ${series} were sent`);
  const beyond = new Set<number>();
  let samples = 0;
  for (const { metric, values } of result) {
    const newer = values.filter(([seconds]) => 1000 * seconds > cutoff);
    samples += verifySeries(agent, Number(metric.series), newer, expected, beyond);
  }
  return { samples, framesBeyondLedger: beyond.size };
}

function verifySeries(
  agent: number,
  series: number,
  values: readonly [number, string][],
  expected: readonly number[],
  beyond: Set<number>,
): number {
  const name = `agent ${agent} series ${series}`;
  const missing = new Set(expected);
  let last = Number.NEGATIVE_INFINITY;
  for (const [seconds, text] of values) {
    const timestamp = Math.round(seconds * 1000);
    if (timestamp <= last) throw new Error(`${name}: ${timestamp} is there twice`);
    last = timestamp;
    const value = valueAt(agent, series, timestamp);
    if (Number(text) !== value) throw new Error(`${name} at ${timestamp} is ${text}, ${value} was sent`);
    if (!missing.delete(timestamp)) beyond.add(timestamp);
  }
  if (missing.size > 0)
    throw new Error(
      `${name}: ${missing.size} acknowledged frames are missing, the first at ${[...missing][0]}`,
    );
  return values.length;
}

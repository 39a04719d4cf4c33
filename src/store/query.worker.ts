import { systemClock } from "../lib/clock.ts";
import { evaluate } from "../promql/evaluate.ts";
import { toPrometheusJson } from "../promql/json.ts";
import { DEFAULT_LIMITS, type QueryLimits } from "../promql/limits.ts";
import { matcherTest } from "../promql/matcher.ts";
import type { SeriesSamples, Source } from "../promql/source.ts";
import { type Connection, openReadOnly } from "./database.ts";
import { errorOf, failureOf } from "./query/failure.ts";
import type { QueryReply, QueryRequest, Selection } from "./query/protocol.ts";
import { SeriesReader } from "./query/reader.ts";

declare const self: Worker;

let connection: Connection;
let reader: SeriesReader;
let limits: QueryLimits;
/** The query's selector that waits for main to resolve it. */
let selecting: PromiseWithResolvers<Selection> | undefined;

self.onmessage = ({ data: request }: MessageEvent<QueryRequest>) => {
  switch (request.kind) {
    case "open":
      connection = openReadOnly(request.dataDir);
      reader = new SeriesReader(connection, request.bucketMs);
      limits = { ...DEFAULT_LIMITS, ...request.limits, clock: systemClock };
      reply({ kind: "opened" });
      break;
    case "query":
      void runQuery(request);
      break;
    case "test":
      test(request.pattern, request.values);
      break;
    case "selection":
      selecting?.resolve(request.selection);
      break;
    case "selectionFailed":
      selecting?.reject(errorOf(request.error));
      break;
    case "close":
      connection.close();
      reply({ kind: "closed" });
      break;
    default:
      request satisfies never;
  }
};

async function runQuery({ query, params, oldest }: Extract<QueryRequest, { kind: "query" }>): Promise<void> {
  try {
    const result = await evaluate(sourceFrom(oldest), query, params, limits);
    const json = new TextEncoder().encode(toPrometheusJson(result));
    reply({ kind: "answered", json }, [json.buffer]);
  } catch (error) {
    reply({ kind: "failed", error: failureOf(error) });
  }
}

function sourceFrom(oldest: number): Source {
  return {
    async select(matchers, start, end): Promise<SeriesSamples[]> {
      const from = Math.max(start, oldest);
      if (from > end) return [];
      selecting = Promise.withResolvers();
      reply({ kind: "select", matchers, start: from, end });
      return reader.read(await selecting.promise, from, end, limits.maxSamples);
    },
  };
}

function test(pattern: string, values: readonly string[]): void {
  try {
    const matches = matcherTest({ name: "", op: "=~", value: pattern });
    reply({ kind: "tested", hits: Uint8Array.from(values, (value) => (matches(value) ? 1 : 0)) });
  } catch (error) {
    reply({ kind: "failed", error: failureOf(error) });
  }
}

function reply(message: QueryReply, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer);
}

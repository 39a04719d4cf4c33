import { describe, expect, test } from "bun:test";
import { evaluate } from "../../src/promql/evaluate.ts";
import type { QueryParams } from "../../src/promql/grid.ts";
import type { QueryLimits } from "../../src/promql/limits.ts";
import { LIMITS } from "./answers.ts";
import { MemorySource, series } from "./memory_source.ts";

const data = ["1", "2", "3"].map((a) => series(`x{a="${a}"}`, Array(100).fill(1)));
const HOUR: QueryParams = { kind: "range", start: 0, end: 3_600_000, step: 10_000 };

function refusal(query: string, limits: Partial<QueryLimits>, params = HOUR) {
  return evaluate(new MemorySource(data), query, params, { ...LIMITS, ...limits }).then(
    () => {
      throw new Error("the query was not refused");
    },
    (error) => error,
  );
}

describe("a query is stopped by", () => {
  test("too many samples, read or calculated", async () => {
    expect(await refusal("x", { maxSamples: 299 })).toMatchObject({
      kind: "limit",
      message:
        "query needs too many samples: at most 299 are allowed, this one needs 300 or more. Select fewer series, a shorter time range or a longer step",
    });
    expect(await refusal("x", { maxSamples: 1_000 })).toMatchObject({ kind: "limit" });
    expect(await refusal("max_over_time(vector(1)[30d:1s])", { maxSamples: 1_000_000 })).toMatchObject({
      kind: "limit",
    });
  });

  test("too many series", async () => {
    expect(await refusal("x + x", { maxSeries: 2 })).toMatchObject({
      kind: "limit",
      message: expect.stringContaining("at most 2 are allowed, this one selects 3 or more. Add matchers"),
    });
  });

  test("too many points in a series", async () => {
    const params = { kind: "range", start: 0, end: 11_001_000, step: 1_000 } as const;
    expect(await refusal("x", {}, params)).toMatchObject({
      kind: "limit",
      message:
        "exceeded maximum resolution of 11000 points per timeseries: (end - start) / step is 11001. Use a step of at least 2 s",
    });
  });

  test("the deadline, in the middle of its work", async () => {
    let now = 0;
    const clock = { monotonic: () => (now += 10) };
    const error = await refusal("sum(quantile_over_time(0.5, x[1h]))", { timeoutMs: 30, clock });
    expect(error).toMatchObject({
      kind: "timeout",
      message: expect.stringContaining("at most 0.03 s are allowed"),
    });
  });

  test("label values that grow without end", async () => {
    const query = Array(20)
      .fill(0)
      .reduce((inner) => `label_join(${inner}, "a", "aa", "a", "a")`, "x");
    expect(await refusal(query, {})).toMatchObject({
      kind: "limit",
      message: expect.stringContaining("at most 8192"),
    });
  });

  test("times that make no grid", async () => {
    for (const params of [
      { kind: "range", start: 10, end: 0, step: 1 },
      { kind: "range", start: 0, end: 10, step: 0 },
      { kind: "instant", time: Number.NaN },
    ] as const)
      expect(await refusal("x", {}, params)).toMatchObject({ kind: "bad_data" });
  });
});

test("a real clock stops a query that would run for minutes", async () => {
  const long = [
    series(
      "x",
      Array.from({ length: 100_000 }, (_, i) => i),
      { interval: 1 },
    ),
  ];
  const params: QueryParams = { kind: "range", start: 100_000_000, end: 110_000_000, step: 1_000 };
  const started = performance.now();
  const query = evaluate(new MemorySource(long), "quantile_over_time(0.5, x[1d])", params, {
    ...LIMITS,
    timeoutMs: 100,
  });
  expect(query).rejects.toMatchObject({ kind: "timeout" });
  await query.catch(() => {});
  expect(performance.now() - started).toBeLessThan(1_000);
});

import { expect, test } from "bun:test";
import { evaluate } from "../../src/promql/evaluate.ts";
import type { QueryParams } from "../../src/promql/grid.ts";
import { parse } from "../../src/promql/parse.ts";
import { selectorsOf } from "../../src/promql/selectors.ts";
import { LIMITS } from "./answers.ts";
import { MemorySource } from "./memory_source.ts";

const params: QueryParams = { kind: "range", start: 1_000_000, end: 2_050_000, step: 100_000 };

/** The spans that a query needs, in seconds. Starts are exclusive ends of windows, plus a millisecond. */
function spans(query: string): (readonly [number, number])[] {
  return selectorsOf(parse(query), params).map(({ start, end }) => [(start - 1) / 1000, end / 1000]);
}

test("selectorsOf() names the samples that each selector needs", () => {
  expect(spans("x")).toEqual([[700, 2000]]);
  expect(spans("x offset 1m")).toEqual([[640, 1940]]);
  expect(spans("x @ 500")).toEqual([[200, 500]]);
  expect(spans("x @ end()")).toEqual([[1750, 2050]]);
  expect(spans("rate(x[1h])")).toEqual([[-2600, 2000]]);
  expect(spans("rate(x[1h] @ 4000 offset 400s)")).toEqual([[0, 3600]]);
  expect(spans("x + sum(rate(y[1m]))")).toEqual([
    [700, 2000],
    [940, 2000],
  ]);
});

test("selectorsOf() follows subqueries: their steps are multiples of their own step", () => {
  expect(spans("max_over_time(rate(x[1m])[10m:70s])")).toEqual([[360, 1960]]);
  expect(spans("max_over_time(x[10m:1m] @ 6000 offset 1h)")).toEqual([[1560, 2400]]);
  expect(spans("max_over_time(x[1s:1h])")).toEqual([]);
});

test("evaluate() reads exactly these, and equal ones once", async () => {
  const source = new MemorySource([]);
  await evaluate(source, "x / x offset 1m + x", params, LIMITS);
  expect(source.asked.map(({ start }) => start)).toEqual([700_001, 640_001]);
});

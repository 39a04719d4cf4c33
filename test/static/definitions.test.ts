import { expect, test } from "bun:test";
import { catalogue } from "../../src/metrics/catalogue.ts";
import { parse } from "../../src/promql/parse.ts";
import { valueSpan, valueTick } from "../../static/charts/axes.ts";
import { CHARTS } from "../../static/charts/definitions.ts";
import { expressionFor, legendFor } from "../../static/charts/expression.ts";

const HOSTILE = 'a"b\\c\n$window{{d}}';

test("every query of every chart is PromQL, whatever the node is called", () => {
  for (const { queries } of CHARTS)
    for (const { expression } of queries)
      for (const instance of ["alpha", HOSTILE])
        expect(() => parse(expressionFor(expression, instance, 5000, 15_000))).not.toThrow();
});

test("an instance in a query stands for itself alone", () => {
  expect(expressionFor("m{$node}[$window]", HOSTILE, 5000, 5000)).toBe(
    'm{instance="a\\"b\\\\c\\n$window{{d}}"}[20s]',
  );
});

test("a gauge is read from three readings or one step, so that a node that stopped leaves a gap", () => {
  expect(expressionFor("x[$recent]", "a", 5000, 5000)).toBe("x[15s]");
  expect(expressionFor("x[$recent]", "a", 5000, 3_600_000)).toBe("x[3600s]");
  for (const { queries } of CHARTS)
    for (const { expression } of queries)
      expect(expression.match(/\}(?!\[\$(?:window|recent)\])/g)).toBeNull();
});

test("every metric in a chart is one that dcmon produces", () => {
  const names = CHARTS.flatMap(({ queries, needs = [] }) => [
    ...needs,
    ...queries.flatMap(({ expression }) => expression.match(/\bnode_[a-zA-Z0-9_]+(?=[{"])/g) ?? []),
  ]);
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => catalogue.get(name) === undefined)).toEqual([]);
});

test("charts have names of their own", () => {
  expect(new Set(CHARTS.map(({ id }) => id)).size).toBe(CHARTS.length);
});

test("legendFor() fills in labels and leaves nothing for missing ones", () => {
  expect(legendFor("{{device}} in", { device: "eth0" })).toBe("eth0 in");
  expect(legendFor("{{type}} {{zone}}", { zone: "0" })).toBe("0");
  expect(legendFor("{{__name__}}", { __name__: "node_load1" }, { node_load1: "1 min" })).toBe("1 min");
  expect(legendFor("{{x}}", { x: "constructor" }, {})).toBe("constructor");
});

test("valueSpan() starts at zero, has room for both directions, and follows temperatures", () => {
  const halves = ["in", "out"] as const;
  expect(valueSpan(null, null, { atLeast: 0.1 })).toEqual([0, 0.1]);
  expect(valueSpan(0, 0.5, { top: 1 })).toEqual([0, 1]);
  expect(valueSpan(0, 100, {})).toEqual([0, 108]);
  expect(valueSpan(-100, 10, { halves })).toEqual([-108, 43.2]);
  expect(valueSpan(-1, 100, { halves })).toEqual([-43.2, 108]);
  expect(valueSpan(0, 0, { halves, atLeast: 1000 })).toEqual([-400, 1000]);
  expect(valueSpan(0, 0, {})).toEqual([0, 1]);
  expect(valueSpan(40, 44, { span: 20 })).toEqual([31.68, 52.32]);
});

test("valueTick() leaves out zeros that say nothing", () => {
  expect(valueTick(0.1, "ratio")).toBe("10 %");
  expect(valueTick(1.5 * 2 ** 20, "bytes_per_second")).toBe("1.5 MiB/s");
  expect(valueTick(100, "number")).toBe("100");
  expect(valueTick(0.25, "number")).toBe("0.25");
  expect(valueTick(500, "per_second")).toBe("500/s");
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { QueryError } from "../../src/promql/error.ts";
import { evaluate } from "../../src/promql/evaluate.ts";
import type { QueryParams } from "../../src/promql/grid.ts";
import { parse } from "../../src/promql/parse.ts";
import { SIGNATURES } from "../../src/promql/signatures.ts";
import { LIMITS } from "./answers.ts";
import { MemorySource, series } from "./memory_source.ts";

const WORDS = [
  ..."()[]{},:@+-*/%^<>=!~\"'`#.".split(""),
  ..."== != >= <= =~ !~ and or unless atan2 bool on ignoring group_left group_right by without offset sum topk quantile count_values start() end()".split(
    " ",
  ),
  ...'x y a b 1 0 -1 1e3 0x1 NaN Inf 5m 1h30m 10s [5m] [1m:] [2m:10s] \'a\' "b" `c` {a="1"} \n # \\ é 🙂'.split(
    " ",
  ),
  ...Object.keys(SIGNATURES),
];

const source = new MemorySource([
  series('x{a="1"}', [1, 2, Number.NaN, 4, 1]),
  series('x{a="2",le="1"}', [5, 4, 3, 2, 1]),
  series('y{a="1",le="+Inf"}', [0, 0, -1, 1e300, 1e300]),
]);

function onlyQueryErrors(query: string, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof QueryError))
      throw new Error(`${JSON.stringify(query)} threw ${String(error)}`, { cause: error });
    expect(error.message).not.toBe("");
    if (error.position) expect(error.position.line).toBeGreaterThan(0);
  }
}

test("parse() throws nothing but QueryError on any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (query) =>
      onlyQueryErrors(query, () => parse(query)),
    ),
    { numRuns: 5_000 },
  );
});

test("parse() throws nothing but QueryError on any row of the language's words", () => {
  const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 15 });
  fc.assert(
    fc.property(words, fc.constantFrom("", " "), (row, gap) => {
      const query = row.join(gap);
      onlyQueryErrors(query, () => parse(query));
    }),
    { numRuns: 20_000 },
  );
});

test("evaluate() throws nothing but QueryError on whatever parses", async () => {
  const leaf = fc.constantFrom(
    "x",
    "y",
    'x{a="1"}',
    "x offset 10s",
    "x @ 5",
    "1",
    "NaN",
    "Inf",
    "-2",
    "time()",
    "vector(0)",
    '"s"',
    "x[20s]",
    "x[1m:5s]",
    "nothing",
  );
  const { expression } = fc.letrec<{ expression: string }>((tie) => {
    const inner = tie("expression");
    const call = fc
      .tuple(fc.constantFrom(...Object.keys(SIGNATURES)), fc.array(inner, { maxLength: 3 }))
      .map(([name, args]) => `${name}(${args.join(", ")})`);
    const binary = fc
      .tuple(
        inner,
        fc.constantFrom(
          "+",
          "/",
          "%",
          "^",
          "==",
          "> bool",
          "and",
          "or",
          "unless",
          "* on (a) group_left",
          "- on (a)",
          "!= ignoring (le)",
        ),
        inner,
      )
      .map(([a, op, b]) => `(${a}) ${op} (${b})`);
    const aggregation = fc
      .tuple(fc.constantFrom("sum", "avg", "stddev by (a)", "max without (le)", "group"), inner)
      .map(([op, a]) => `${op} (${a})`);
    const withParam = fc
      .tuple(fc.constantFrom("topk", "bottomk", "quantile", "count_values"), inner, inner)
      .map(([op, k, a]) => `${op}(${k}, ${a})`);
    const subquery = inner.map((a) => `max_over_time((${a})[40s:7s])`);
    return {
      expression: fc.oneof(
        { maxDepth: 4, depthSize: "medium" },
        leaf,
        call,
        binary,
        aggregation,
        withParam,
        subquery,
      ),
    };
  });
  const params = fc.constantFrom<QueryParams>(
    { kind: "instant", time: 40_000 },
    { kind: "range", start: 0, end: 60_000, step: 9_000 },
  );
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(expression, params, async (query, when) => {
      const outcome = await evaluate(source, query, when, LIMITS).catch((error) => error);
      if (!(outcome instanceof Error)) answered++;
      else
        onlyQueryErrors(query, () => {
          throw outcome;
        });
    }),
    { numRuns: 5_000 },
  );
  expect(answered).toBeGreaterThan(500);
});

import { describe, expect, test } from "bun:test";
import type { Expr } from "../../src/promql/ast.ts";
import { QueryError } from "../../src/promql/error.ts";
import { parseMatchers } from "../../src/promql/matchers.ts";
import { parse } from "../../src/promql/parse.ts";

/** An expression in full parentheses, to see how it was understood. */
function show(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return String(expr.value);
    case "string":
      return JSON.stringify(expr.value);
    case "vectorSelector": {
      const matchers = expr.matchers.map(({ name, op, value }) => `${name}${op}${value}`);
      const at = expr.at ? `@${expr.at.kind === "time" ? expr.at.time : expr.at.kind}` : "";
      return `{${matchers.join(",")}}${at}${expr.offset ? `~${expr.offset}` : ""}`;
    }
    case "matrixSelector":
      return `${show(expr.selector)}[${expr.range}]`;
    case "subquery": {
      const at = expr.at ? `@${expr.at.kind === "time" ? expr.at.time : expr.at.kind}` : "";
      return `${show(expr.expr)}[${expr.range}:${expr.step ?? ""}]${at}${expr.offset ? `~${expr.offset}` : ""}`;
    }
    case "call":
      return `${expr.name}(${expr.args.map(show).join(", ")})`;
    case "aggregation": {
      const grouping = `${expr.without ? "without" : "by"}(${expr.grouping.join(",")})`;
      return `${expr.name} ${grouping} (${[...(expr.param ? [expr.param] : []), expr.expr].map(show).join(", ")})`;
    }
    case "binary":
      return `(${show(expr.left)} ${expr.op} ${show(expr.right)})`;
    case "unary":
      return `(${expr.op}${show(expr.expr)})`;
    case "paren":
      return show(expr.expr);
    default:
      return expr satisfies never;
  }
}

const x = "{__name__=x}";
const y = "{__name__=y}";

describe("parse()", () => {
  const cases: readonly (readonly [query: string, meaning: string])[] = [
    ["x", x],
    ['x{a="1", b!~"c",}', "{__name__=x,a=1,b!~c}"],
    ['{__name__="x"}', x],
    ['{"weird.name", "a b"="1"}', "{__name__=weird.name,a b=1}"],
    ["x{a='it\\'s', b=`raw\\n`}", "{__name__=x,a=it's,b=raw\\n}"],
    ['x{a="\\u00e9\\x41\\t"}', "{__name__=x,a=éA\t}"],
    ["x[5m]", `${x}[300000]`],
    ["x[1h30m] offset -5m", `${x}~-300000[5400000]`],
    ["x[300]", `${x}[300000]`],
    ["x @ 12.345 offset 1s", `${x}@12345~1000`],
    ["x offset 1s @ end()", `${x}@end~1000`],
    ["x[5m:]", `${x}[300000:]`],
    ["rate(x[1m])[5m:10s] @ start() offset 1m", `rate(${x}[60000])[300000:10000]@start~60000`],
    ["x + y offset 5m", `(${x} + ${y}~300000)`],
    ["x + y offset 5m * 2", `(${x} + (${y}~300000 * 2))`],
    ["-x offset 5m", `(-${x}~300000)`],
    ["x - y @ 5", `(${x} - ${y}@5000)`],
    ["x or y and x unless y", `(${x} or ((${y} and ${x}) unless ${y}))`],
    ["1 + 2 * 3 ^ 2 ^ 0.5", "(1 + (2 * (3 ^ (2 ^ 0.5))))"],
    ["1 - 2 - 3", "((1 - 2) - 3)"],
    ["-1 ^ 2", "(-(1 ^ 2))"],
    ["2 ^ -1 ^ 2", "(2 ^ (-(1 ^ 2)))"],
    ["-x * y", `((-${x}) * ${y})`],
    ["x -1", `(${x} - 1)`],
    ["x == bool 1 != y", `((${x} == 1) != ${y})`],
    ["sum by (a, b) (x)", `sum by(a,b) (${x})`],
    ["SUM(x) WITHOUT (a)", `sum without(a) (${x})`],
    ['topk(3, x) by ("a b")', `topk by(a b) (3, ${x})`],
    ["sum", "{__name__=sum}"],
    ["avg + rate", "({__name__=avg} + {__name__=rate})"],
    [
      "0x1F + 017 + 1e3 + 1_000 + .5 + Inf + nAn + 1m30s",
      "(((((((31 + 15) + 1000) + 1000) + 0.5) + Infinity) + NaN) + 90)",
    ],
    ["# first\nx # second\n + y", `(${x} + ${y})`],
  ];
  for (const [query, meaning] of cases)
    test(`understands ${JSON.stringify(query)}`, () => expect(show(parse(query))).toBe(meaning));

  test("keeps how vectors are matched", () => {
    const expr = parse("x / on (a, b) group_left (c) y");
    expect(expr).toMatchObject({ matching: { on: true, labels: ["a", "b"], many: "left", include: ["c"] } });
    expect(parse("x > bool ignoring (a) group_right y")).toMatchObject({
      bool: true,
      matching: { on: false, labels: ["a"], many: "right", include: [] },
    });
  });
});

describe("parse() refuses, and says where:", () => {
  const cases: readonly (readonly [query: string, message: string])[] = [
    ["", "1:1: parse error: unexpected end of input"],
    ["x +", "1:4: parse error: unexpected end of input"],
    ["x\n  + *", '2:5: parse error: unexpected "*"'],
    ["x{", "1:3: parse error: unexpected end of input"],
    ['x{a="b', "1:5: parse error: unterminated quoted string"],
    ["x y", '1:3: parse error: unexpected identifier "y"'],
    ["foo(x)", '1:1: parse error: unknown function with name "foo"'],
    ["info(x)", "1:1: parse error: function info() is not supported"],
    [
      "rate(x)",
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    ],
    ["rate(x[5m], 1)", '1:1: parse error: expected 1 argument(s) in call to "rate", got 2'],
    ["round()", '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0'],
    ["round(x, 1, 2)", '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
    ["sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"],
    ["topk(x, x)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"],
    ["sum()", "1:1: parse error: no arguments for aggregate expression provided"],
    [
      "sum(x, x)",
      "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2",
    ],
    ["1 > 2", "1:1: parse error: comparisons between scalars must use BOOL modifier"],
    ["x + bool y", "1:1: parse error: bool modifier can only be used on comparison operators"],
    ["1 and x", '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ["x and on (a) group_left y", '1:7: parse error: no grouping allowed for "and" operation'],
    [
      "x + on (a) group_left (a) y",
      '1:5: parse error: label "a" must not occur in ON and GROUP clause at once',
    ],
    ["x + on (a) 1", "1:1: parse error: vector matching only allowed between instant vectors"],
    ["x[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"],
    [
      "-x[5m]",
      '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"',
    ],
    ["(x)[5m]", "1:1: parse error: ranges only allowed for vector selectors"],
    ["x offset 1m [5m]", "1:1: parse error: no offset modifiers allowed before range"],
    ["x @ 1 [5m]", "1:1: parse error: no @ modifiers allowed before range"],
    ["x offset 1m offset 1m", "1:1: parse error: offset may not be set multiple times"],
    ["x @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"],
    [
      "sum(x) offset 1m",
      "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    ],
    ["x[0s]", "1:3: parse error: duration must be greater than 0"],
    [
      "x[5m * 2]",
      "1:3: parse error: arithmetic with durations is not supported: write one duration such as 1h30m",
    ],
    ["1[5m:1m]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"],
    ["{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"],
    ['{a=~".*"}', "1:1: parse error: vector selector must contain at least one non-empty matcher"],
    ['x{__name__="y"}', '1:1: parse error: metric name must not be set twice: "x" or "y"'],
    ['x{a=~"("}', '1:6: parse error: invalid regular expression "(": missing closing )'],
    ["1e999", "1:1: parse error: error parsing number: 1e999"],
    ['"\\z"', '1:1: parse error: error unquoting string "\\z"'],
    ["limitk(1, x)", "1:1: parse error: aggregation limitk() is not supported"],
    ["x + fill (1) y", "1:5: parse error: the fill modifier is not supported"],
    ["rate(x[5m] smoothed)", "1:6: parse error: the smoothed modifier is not supported"],
  ];
  for (const [query, message] of cases)
    test(JSON.stringify(query), () => {
      expect(() => parse(query)).toThrow(new QueryError("bad_data", message));
    });

  test("a position counts lines and columns", () => {
    try {
      parse("sum(\n  rate(x)\n)");
      throw new Error("it was accepted");
    } catch (error) {
      expect((error as QueryError).position).toEqual({ line: 2, column: 8 });
    }
  });

  test("what is too long or too deep, as a limit", () => {
    expect(() => parse(`x${" ".repeat(100_000)}`)).toThrow(
      /at most 100000 characters are allowed, this one has 100001/,
    );
    expect(() => parse(`${"(".repeat(1_000)}x${")".repeat(1_000)}`)).toThrow(/at most 500 levels/);
    expect(() => parse(Array(600).fill("x").join(" + "))).toThrow(/at most 500 levels/);
    expect(() => parse(`${"-".repeat(600)}x`)).toThrow(/at most 500 levels/);
  });
});

describe("parseMatchers()", () => {
  test("gives the matchers of a selector", () => {
    expect(parseMatchers('up{job=~"a|b"}')).toEqual([
      { name: "__name__", op: "=", value: "up" },
      { name: "job", op: "=~", value: "a|b" },
    ]);
  });

  for (const text of ["sum(up)", "up[5m]", "up offset 1m", "1", "up + up"])
    test(`refuses ${text}`, () => expect(() => parseMatchers(text)).toThrow(/expected a series selector/));
});

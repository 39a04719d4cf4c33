import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { QueryError } from "../../src/promql/error.ts";
import { compileRegex, literalAlternatives } from "../../src/promql/regex.ts";

describe("compileRegex()", () => {
  const cases: readonly (readonly [
    pattern: string,
    matches: readonly string[],
    others: readonly string[],
  ])[] = [
    ["a|b", ["a", "b"], ["ab", ""]],
    ["", [""], ["a"]],
    ["node-(1|2)[0-9]*", ["node-1", "node-29"], ["node-3", "xnode-1", "node-1x"]],
    ["a.b", ["a\nb", "axb"], ["ab"]],
    ["(?-s)a.b", ["axb"], ["a\nb"]],
    ["(?i)Foo.*", ["fOO", "FOObar"], ["fo"]],
    ["x(?i)a|b", ["xa", "xA", "B"], ["Xa"]],
    ["x(?i:a)b", ["xAb"], ["xAB"]],
    ["^a$", ["a"], ["aa"]],
    ["(?m)^a$\\n^b$", ["a\nb"], ["ab"]],
    ["\\bfoo\\b.*", ["foo bar"], ["foobar"]],
    ["[[:alpha:]_]+\\d{2,3}", ["ab_12", "a123"], ["a1", "a1234"]],
    ["[^a-c]", ["d", "🙂"], ["a", "dd"]],
    ["[]a]+", ["]a]"], ["b"]],
    ["[\\w.-]+", ["a.b-c"], ["a b"]],
    ["\\Qa.b\\E+", ["a.b", "a.bb"], ["axb"]],
    ["\\p{Greek}+\\pN", ["αβ1"], ["ab1"]],
    ["\\x41\\x{1F642}", ["A🙂"], ["A"]],
    ["a{,3}", ["a{,3}"], ["a"]],
    ["(a*?)(a*)", ["aaa"], ["b"]],
    ["\\S+", ["é"], ["é "]],
  ];
  for (const [pattern, matches, others] of cases)
    test(`/${pattern}/ matches whole texts`, () => {
      const regex = compileRegex(pattern);
      for (const text of matches) expect([text, regex.test(text)]).toEqual([text, true]);
      for (const text of others) expect([text, regex.test(text)]).toEqual([text, false]);
    });

  const refused: readonly (readonly [pattern: string, reason: string])[] = [
    ["(", "missing closing )"],
    [")", "unexpected )"],
    ["[a", "missing closing ]"],
    ["*a", "missing argument to repetition operator: `*`"],
    ["a**", "invalid nested repetition operator: `**`"],
    ["a{1001}", "invalid repeat count: `{1001}`"],
    ["(?=a)", "invalid or unsupported Perl syntax: `(?`"],
    ["(a)\\1", "invalid escape sequence: `\\1`"],
    ["a\\", "trailing backslash at end of expression"],
    ["((a{100}){100}){100}", "expression too large"],
    ["(".repeat(1_000), "nests too deeply"],
    ["a".repeat(10_001), "at most 10000 characters are allowed, this one has 10001"],
  ];
  for (const [pattern, reason] of refused)
    test(`refuses /${pattern.slice(0, 30)}/`, () => {
      expect(() => compileRegex(pattern)).toThrow(QueryError);
      expect(() => compileRegex(pattern)).toThrow(reason);
    });

  test("takes time proportional to the text where backtracking would take forever", () => {
    const text = `${"a".repeat(5_000)}!`;
    for (const pattern of ["(a+)+", "(a*)*b", "(a|aa)+", "(.*)*(.*)*(.*)*x", "(|){30}x"])
      expect(compileRegex(pattern).test(text)).toBe(false);
  });

  test("gives groups by number and name, the leftmost alternative first", () => {
    const match = compileRegex("(?P<host>[^:]+):(\\d+)?(x)?").match("node:91");
    expect(match?.groups).toEqual(["node:91", "node", "91", undefined]);
    expect(match?.named.get("host")).toBe("node");
    expect(compileRegex("(a|ab)(c|bcd)?(d*)").match("abcd")?.groups).toEqual(["abcd", "a", "bcd", ""]);
    expect(compileRegex("a").match("b")).toBeUndefined();
  });

  test("agrees with JavaScript's matcher on what both know", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      ".",
      "[ab]",
      "[^a]",
      "(a|b)",
      "(?:ab)",
      "(a|)",
      "^",
      "$",
      "\\w",
      "c",
    );
    const repeat = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,2}", "*?", "+?");
    const pattern = fc
      .array(fc.tuple(piece, repeat), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.map(([p, r]) => (p === "^" || p === "$" ? p : p + r)).join(""));
    const alternatives = fc
      .array(pattern, { minLength: 1, maxLength: 3 })
      .map((options) => options.join("|"));
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "\n"), maxLength: 8 });
    fc.assert(
      fc.property(alternatives, text, (source, value) => {
        expect([source, value, compileRegex(source).test(value)]).toEqual([
          source,
          value,
          new RegExp(`^(?:${source})$`, "su").test(value),
        ]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("throws nothing but QueryError, whatever the pattern", () => {
    const unit = fc.constantFrom(..."ab\\()[]{}|*+?^$.-:,0129QEpPdwxsi<>=!é🙂\n".split(""), "🙂");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), fc.string({ unit, maxLength: 10 }), (pattern, text) => {
        try {
          compileRegex(pattern).test(text);
        } catch (error) {
          expect(error).toBeInstanceOf(QueryError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

test("literalAlternatives() sees through plain alternatives only", () => {
  expect(literalAlternatives("a|b c|")).toEqual(new Set(["a", "b c", ""]));
  expect(literalAlternatives("a.b")).toBeUndefined();
  expect(literalAlternatives("a\\|b")).toBeUndefined();
});

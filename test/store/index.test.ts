import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { labelsOf, labelValue } from "../../src/metrics/labels.ts";
import { matcherTest } from "../../src/promql/matcher.ts";
import type { Matcher } from "../../src/promql/source.ts";
import { RegexCache, type RegexMatches, type RegexTester } from "../../src/store/index/regex_matches.ts";
import { selectSeries } from "../../src/store/index/selection.ts";
import { SeriesIndex } from "../../src/store/index/series_index.ts";

const value = fc.constantFrom("", "a", "b", "ab", "node-1", "node-2", "x|y");
const labels = fc
  .record({ __name__: fc.constantFrom("up", "load"), job: value, instance: value, gpu: value })
  .map((pairs) => labelsOf(Object.entries(pairs)));
const matcher: fc.Arbitrary<Matcher> = fc.record({
  name: fc.constantFrom("__name__", "job", "instance", "gpu", "nothing"),
  op: fc.constantFrom("=", "!=", "=~", "!~"),
  value: fc.constantFrom("", "a", "up", "a|b", "node-.*", ".*", ".+", "|a", "x\\|y", "unheard"),
});

const testHere: RegexTester = async (pattern, values) => {
  const matches = matcherTest({ name: "", op: "=~", value: pattern });
  return Uint8Array.from(values, (text) => (matches(text) ? 1 : 0));
};

async function select(
  index: SeriesIndex,
  matchers: Matcher[],
  cache = new RegexCache(index),
): Promise<number[]> {
  const regexes = new Map<Matcher, RegexMatches>();
  for (const m of matchers)
    if (m.op === "=~" || m.op === "!~") regexes.set(m, await cache.matchesOf(m, testHere));
  return Array.from(selectSeries(index, matchers, regexes));
}

describe("SeriesIndex", () => {
  test("finds each label set under its id, whatever the number of series", () => {
    const index = new SeriesIndex();
    const sets = Array.from({ length: 5000 }, (_, i) =>
      labelsOf([
        ["__name__", `m${i % 70}`],
        ["instance", `n${i}`],
      ]),
    );
    for (const [i, set] of sets.entries()) {
      expect(index.find(set)).toBeUndefined();
      expect(index.add(set, i % 3)).toBe(i + 1);
    }
    for (const [i, set] of sets.entries()) {
      expect(index.find(set)).toBe(i + 1);
      expect(index.labelsOf(i + 1)).toEqual(set);
      expect(index.ownerOf(i + 1)).toBe(i % 3);
    }
    expect(index.size).toBe(5000);
    expect(index.find(["__name__", "m0"])).toBeUndefined();
  });

  test("takes stored ids with gaps, and only ascending", () => {
    const index = new SeriesIndex();
    index.load(5, ["__name__", "a"], 1);
    expect(() => index.load(5, ["__name__", "b"], 1)).toThrow("ids must ascend, the next is 6");
    expect(index.add(["__name__", "b"], 1)).toBe(6);
    expect([...index.ids()]).toEqual([5, 6]);
  });
});

describe("selectSeries()", () => {
  test("selects what every matcher accepts, as PromQL defines them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(labels, { maxLength: 30, selector: (set) => set.join("\u0000") }),
        fc.array(matcher, { minLength: 1, maxLength: 4 }),
        async (sets, matchers) => {
          const index = new SeriesIndex();
          for (const set of sets) index.add(set, 1);
          const tests = matchers.map((m) => [m.name, matcherTest(m)] as const);
          const expected = sets.flatMap((set, i) =>
            tests.every(([name, accepts]) => accepts(labelValue(set, name))) ? [i + 1] : [],
          );
          expect(await select(index, matchers)).toEqual(expected);
        },
      ),
    );
  });

  test("tests each distinct value of a label once, new ones included", async () => {
    const index = new SeriesIndex();
    const cache = new RegexCache(index);
    const tested: string[] = [];
    const counting: RegexTester = (pattern, values) => {
      tested.push(...values.filter((text) => text !== ""));
      return testHere(pattern, values);
    };
    const regex: Matcher = { name: "instance", op: "=~", value: "n.*" };
    const matching = async () => (await cache.matchesOf(regex, counting)).valueIds.size;
    for (const metric of ["a", "b"]) index.add(["__name__", metric, "instance", "n1"], 1);
    index.add(["__name__", "a", "instance", "x"], 1);
    expect(await matching()).toBe(1);
    expect(await matching()).toBe(1);
    index.add(["__name__", "c", "instance", "n2"], 1);
    expect(await matching()).toBe(2);
    expect(tested).toEqual(["n1", "x", "n2"]);
  });
});

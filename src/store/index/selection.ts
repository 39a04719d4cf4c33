import type { Matcher } from "../../promql/source.ts";
import type { RegexMatches } from "./regex_matches.ts";
import type { SeriesIndex } from "./series_index.ts";

/** A matcher over interned values. */
interface Test {
  /** Undefined when no series has the label at all. */
  readonly nameId: number | undefined;
  readonly matchesEmpty: boolean;
  matches(valueId: number): boolean;
  /** The values that match, when they are few enough to list; undefined for "everything but". */
  readonly listed: readonly number[] | undefined;
}

/**
 * The ids of the series that satisfy all matchers, ascending; a missing label counts as "".
 * @param regexes what each regular expression among the matchers matches.
 */
export function selectSeries(
  index: SeriesIndex,
  matchers: readonly Matcher[],
  regexes: ReadonlyMap<Matcher, RegexMatches>,
): Uint32Array {
  const tests = matchers.map((matcher) => testOf(index, matcher, regexes));
  const base = smallestBase(index, tests);
  const rest = tests.filter((test) => test !== base?.test);
  const selected: number[] = [];
  for (const id of base?.candidates ?? index.ids()) if (satisfies(index, id, rest)) selected.push(id);
  return Uint32Array.from(selected);
}

function testOf(index: SeriesIndex, matcher: Matcher, regexes: ReadonlyMap<Matcher, RegexMatches>): Test {
  const nameId = index.stringId(matcher.name);
  const valueId = index.stringId(matcher.value);
  switch (matcher.op) {
    case "=":
      return {
        nameId,
        matchesEmpty: matcher.value === "",
        matches: (id) => id === valueId,
        listed: valueId === undefined ? [] : [valueId],
      };
    case "!=":
      return {
        nameId,
        matchesEmpty: matcher.value !== "",
        matches: (id) => id !== valueId,
        listed: undefined,
      };
    case "=~": {
      const { matchesEmpty, valueIds } = regexes.get(matcher)!;
      return { nameId, matchesEmpty, matches: (id) => valueIds.has(id), listed: [...valueIds] };
    }
    case "!~": {
      const { matchesEmpty, valueIds } = regexes.get(matcher)!;
      return { nameId, matchesEmpty: !matchesEmpty, matches: (id) => !valueIds.has(id), listed: undefined };
    }
    default:
      matcher.op satisfies never;
      throw new Error(`Cannot select series: matcher operator ${matcher.op} is not known`);
  }
}

/** The test whose postings name the fewest series, with those series; undefined when every series is a candidate. */
function smallestBase(
  index: SeriesIndex,
  tests: readonly Test[],
): { test: Test; candidates: Uint32Array } | undefined {
  let smallest: { test: Test; postings: Uint32Array[]; size: number } | undefined;
  for (const test of tests) {
    if (test.matchesEmpty || test.listed === undefined) continue;
    const values = test.nameId === undefined ? undefined : index.valuesOf(test.nameId);
    const postings = values === undefined ? [] : test.listed.map((id) => values.postingOf(id));
    const size = postings.reduce((sum, posting) => sum + posting.length, 0);
    if (smallest === undefined || size < smallest.size) smallest = { test, postings, size };
  }
  return smallest && { test: smallest.test, candidates: union(smallest.postings, smallest.size) };
}

/** The postings of one label's values have no series in common. */
function union(postings: readonly Uint32Array[], size: number): Uint32Array {
  if (postings.length === 1) return postings[0]!;
  const all = new Uint32Array(size);
  let at = 0;
  for (const posting of postings) {
    all.set(posting, at);
    at += posting.length;
  }
  return all.sort();
}

function satisfies(index: SeriesIndex, id: number, tests: readonly Test[]): boolean {
  for (const test of tests) {
    const valueId = test.nameId === undefined ? undefined : index.valueIdOf(id, test.nameId);
    if (!(valueId === undefined ? test.matchesEmpty : test.matches(valueId))) return false;
  }
  return true;
}

import type { Labels } from "../metrics/labels.ts";
import { QueryError } from "../promql/error.ts";
import type { Matcher } from "../promql/source.ts";
import type { Head } from "./head/head.ts";
import { RegexCache, type RegexMatches, type RegexTester } from "./index/regex_matches.ts";
import { selectSeries } from "./index/selection.ts";
import type { SeriesIndex } from "./index/series_index.ts";
import type { Resolver } from "./query/member.ts";

/** Work between two pauses. One set of matchers is selected without a pause: milliseconds for 50,000 series. */
const WORK_MS = 5;
/** Series visited between two looks at the clock. */
const SERIES_PER_LOOK = 256;

/** Answers which series there are: for queries, and for people who look for names and values. */
export class Selector {
  private readonly regexes: RegexCache;

  constructor(
    private readonly index: SeriesIndex,
    private readonly head: Head,
    private readonly maxSeries: number,
  ) {
    this.regexes = new RegexCache(index);
  }

  /** @throws QueryError ("limit", "bad_data"). */
  readonly resolve: Resolver = async (matchers, start, end, test) => {
    const ids = await this.select(matchers, test);
    if (ids.length > this.maxSeries) throw tooMany(this.maxSeries, `${ids.length}`);
    const owners = new Set<number>();
    for (const id of ids) owners.add(this.index.ownerOf(id));
    return { ids, blocks: this.head.snapshots(owners, start, end) };
  };

  /** The label sets of the series that satisfy any of the sets of matchers. @throws QueryError */
  async series(sets: readonly (readonly Matcher[])[], test: RegexTester): Promise<Labels[]> {
    const found: Labels[] = [];
    await this.visit(sets, test, (id) => found.push(this.index.labelsOf(id)));
    return found;
  }

  /** Ascending; without matchers, of all series. @throws QueryError */
  async labelNames(sets: readonly (readonly Matcher[])[], test: RegexTester): Promise<string[]> {
    const nameIds = new Set(sets.length === 0 ? this.index.nameIds() : []);
    await this.visit(sets, test, (id) => this.index.visitNameIds(id, (nameId) => nameIds.add(nameId)));
    return this.texts(nameIds);
  }

  /** Ascending; without matchers, of all series. @throws QueryError */
  async labelValues(
    name: string,
    sets: readonly (readonly Matcher[])[],
    test: RegexTester,
  ): Promise<string[]> {
    const nameId = this.index.stringId(name);
    const values = nameId === undefined ? undefined : this.index.valuesOf(nameId);
    if (nameId === undefined || values === undefined) return [];
    const valueIds = new Set(sets.length === 0 ? values.values.view() : []);
    await this.visit(sets, test, (id) => {
      const valueId = this.index.valueIdOf(id, nameId);
      if (valueId !== undefined) valueIds.add(valueId);
    });
    return this.texts(valueIds);
  }

  private async select(matchers: readonly Matcher[], test: RegexTester): Promise<Uint32Array> {
    const matches = new Map<Matcher, RegexMatches>();
    for (const matcher of matchers)
      if (matcher.op === "=~" || matcher.op === "!~")
        matches.set(matcher, await this.regexes.matchesOf(matcher, test));
    return selectSeries(this.index, matchers, matches);
  }

  /** Calls `visit` once for each series of the union, in steps that leave the main thread free in between. */
  private async visit(
    sets: readonly (readonly Matcher[])[],
    test: RegexTester,
    visit: (id: number) => void,
  ): Promise<void> {
    const seen = new Set<number>();
    let pauseAt = performance.now() + WORK_MS;
    let visited = 0;
    for (const matchers of sets) {
      for (const id of await this.select(matchers, test)) {
        if (++visited % SERIES_PER_LOOK === 0) await pauseWhenDue();
        if (seen.has(id)) continue;
        if (seen.size === this.maxSeries) throw tooMany(this.maxSeries, "more");
        seen.add(id);
        visit(id);
      }
      await pauseWhenDue();
    }

    async function pauseWhenDue(): Promise<void> {
      if (performance.now() < pauseAt) return;
      await pause();
      pauseAt = performance.now() + WORK_MS;
    }
  }

  private texts(stringIds: Iterable<number>): string[] {
    return Array.from(stringIds, (id) => this.index.text(id)).sort();
  }
}

function tooMany(allowed: number, selected: string): QueryError {
  return new QueryError(
    "limit",
    `query selects too many series: at most ${allowed} are allowed, this one selects ${selected}. Add matchers, for example instance="…"`,
  );
}

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

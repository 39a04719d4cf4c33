import { literalAlternatives } from "../../promql/regex.ts";
import type { Matcher } from "../../promql/source.ts";
import type { SeriesIndex } from "./series_index.ts";

/**
 * Tests an anchored regular expression against many values: 1 where it matches, else 0.
 * Runs away from the main thread, since a hostile expression can take forever on a short string.
 */
export type RegexTester = (pattern: string, values: readonly string[]) => Promise<Uint8Array>;

/** What a regular expression matches among the values of one label. */
export interface RegexMatches {
  readonly matchesEmpty: boolean;
  /** Interned ids of the matching values. */
  readonly valueIds: ReadonlySet<number>;
}

const REMEMBERED_PATTERNS = 200;

/** Remembers which values an expression matched, so that each distinct value is tested once. */
export class RegexCache {
  /** In the order of use, oldest first. */
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly index: SeriesIndex) {}

  /** @throws QueryError ("bad_data") when the expression is not valid. */
  async matchesOf(matcher: Matcher, test: RegexTester): Promise<RegexMatches> {
    const literals = literalAlternatives(matcher.value);
    if (literals !== undefined) return this.literalMatches(literals);
    const key = `${matcher.name}\u0000${matcher.value}`;
    const entry: Entry = this.entries.get(key) ?? { matchesEmpty: false, valueIds: new Set(), tested: 0 };
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > REMEMBERED_PATTERNS) this.entries.delete(this.entries.keys().next().value!);
    await this.testNewValues(matcher, entry, test);
    return entry;
  }

  private literalMatches(literals: ReadonlySet<string>): RegexMatches {
    const valueIds = new Set<number>();
    for (const literal of literals) {
      const id = this.index.stringId(literal);
      if (id !== undefined) valueIds.add(id);
    }
    return { matchesEmpty: literals.has(""), valueIds };
  }

  private async testNewValues(matcher: Matcher, entry: Entry, test: RegexTester): Promise<void> {
    const nameId = this.index.stringId(matcher.name);
    const known = nameId === undefined ? undefined : this.index.valuesOf(nameId);
    const from = entry.tested;
    const fresh = known === undefined ? [] : Array.from(known.values.view().subarray(from));
    if (fresh.length === 0 && from > 0) return;
    const texts = fresh.map((id) => this.index.text(id));
    const hits = await test(matcher.value, ["", ...texts]);
    entry.matchesEmpty = hits[0] === 1;
    for (let i = 0; i < fresh.length; i++) if (hits[i + 1] === 1) entry.valueIds.add(fresh[i]!);
    entry.tested = Math.max(entry.tested, from + fresh.length);
  }
}

interface Entry {
  matchesEmpty: boolean;
  readonly valueIds: Set<number>;
  /** How many of the label's values, in the order of their appearance, have been tested. */
  tested: number;
}

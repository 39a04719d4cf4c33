import { QueryError } from "./error.ts";
import { Automaton } from "./regex/automaton.ts";
import { matchCaptures } from "./regex/captures.ts";
import { parseRegex } from "./regex/parser.ts";
import { compileProgram, type Instruction } from "./regex/program.ts";

/** Characters in a pattern. */
const MAX_PATTERN_LENGTH = 10_000;

/** The groups of a match; one that took no part is undefined. */
export interface RegexMatch {
  /** By number; 0 is the whole text. */
  readonly groups: readonly (string | undefined)[];
  readonly named: ReadonlyMap<string, string | undefined>;
}

/** A pattern that texts match as a whole. Matching takes time proportional to the text, whatever the pattern. */
class Regex {
  readonly #program: readonly Instruction[];
  readonly #automaton: Automaton;
  readonly #captures: number;
  readonly #names: ReadonlyMap<string, number>;

  /** @throws SyntaxError. */
  constructor(pattern: string) {
    const { node, captures, names } = parseRegex(pattern);
    this.#program = compileProgram(node);
    this.#automaton = new Automaton(this.#program);
    this.#captures = captures;
    this.#names = names;
  }

  test(text: string): boolean {
    return this.#automaton.matches(text);
  }

  match(text: string): RegexMatch | undefined {
    const saved = matchCaptures(this.#program, text);
    if (!saved) return undefined;
    const groups: (string | undefined)[] = [text];
    for (let i = 1; i <= this.#captures; i++) {
      const [start, end] = [saved[2 * i], saved[2 * i + 1]];
      groups.push(start === undefined || end === undefined ? undefined : text.slice(start, end));
    }
    const named = new Map([...this.#names].map(([name, index]) => [name, groups[index]]));
    return { groups, named };
  }
}

/**
 * A Prometheus pattern: RE2's syntax, anchored at both ends, `.` matching line feeds.
 * @throws QueryError ("bad_data") when it is not valid or too long.
 */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw new QueryError(
      "bad_data",
      `regular expression too long: at most ${MAX_PATTERN_LENGTH} characters are allowed, this one has ${pattern.length}. Use several matchers, or a label that groups the values`,
    );
  try {
    return new Regex(pattern);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new QueryError(
      "bad_data",
      `invalid regular expression ${JSON.stringify(pattern)}: ${cause.message}`,
    );
  }
}

/** The values of a pattern that is only alternatives of plain text (`a|b|c`), else undefined. */
export function literalAlternatives(pattern: string): ReadonlySet<string> | undefined {
  return /[\\.+*?()[\]{}^$]/.test(pattern) ? undefined : new Set(pattern.split("|"));
}

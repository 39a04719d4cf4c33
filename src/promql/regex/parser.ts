import { bracketClass, escapedCharacter, literalCharacter } from "./characters.ts";
import type { Assertion, ParsedRegex, RegexNode } from "./syntax.ts";

/** The largest count in `{n,m}`, as in RE2. */
const MAX_REPEAT = 1_000;

/** Groups inside groups: parsing recurses. */
const MAX_GROUP_DEPTH = 200;

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotMatchesLineFeed: boolean;
  readonly swapGreed: boolean;
}

/** Parses RE2's syntax, with `.` matching line feeds unless `(?-s)` says otherwise. @throws SyntaxError. */
export function parseRegex(pattern: string): ParsedRegex {
  return new RegexParser(pattern).parse();
}

class RegexParser {
  readonly #pattern: string;
  readonly #names = new Map<string, number>();
  #captures = 0;
  #depth = 0;
  #index = 0;
  #flags: Flags = { ignoreCase: false, multiLine: false, dotMatchesLineFeed: true, swapGreed: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): ParsedRegex {
    const node = this.#alternatives();
    if (this.#index < this.#pattern.length) throw new SyntaxError("unexpected )");
    return { node, captures: this.#captures, names: this.#names };
  }

  #alternatives(): RegexNode {
    const options = [this.#sequence()];
    while (this.#take(/\|/y)) options.push(this.#sequence());
    return options.length === 1 ? (options[0] as RegexNode) : { kind: "alternatives", options };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    while (this.#index < this.#pattern.length && !"|)".includes(this.#pattern[this.#index] as string)) {
      const quoted = this.#take(/\\Q(.*?)(?:\\E|$)/sy);
      if (quoted) {
        for (const character of quoted[1] as string) parts.push(this.#literal(character));
        const last = parts.pop();
        if (last) parts.push(this.#repeated(last));
        continue;
      }
      if (this.#flagsForTheRest()) continue;
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: "sequence", parts };
  }

  #repeated(node: RegexNode): RegexNode {
    const match = this.#take(/(?:([*+?])|\{(\d{1,4})(?:(,)(\d{0,4}))?\})(\??)/y);
    if (!match) return node;
    const [whole, symbol, least, comma, most, lazy] = match;
    const [min, max] = symbol
      ? [symbol === "+" ? 1 : 0, symbol === "?" ? 1 : Number.POSITIVE_INFINITY]
      : [Number(least), comma ? (most ? Number(most) : Number.POSITIVE_INFINITY) : Number(least)];
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max < Number.POSITIVE_INFINITY) || max < min)
      throw new SyntaxError(`invalid repeat count: \`${whole}\``);
    const again = this.#peek(/[*+?]|\{\d+(?:,\d*)?\}/y);
    if (again) throw new SyntaxError(`invalid nested repetition operator: \`${whole}${again[0]}\``);
    return { kind: "repetition", node, min, max, greedy: (lazy === "") !== this.#flags.swapGreed };
  }

  #atom(): RegexNode {
    if (this.#take(/\(/y)) return this.#group();
    if (this.#take(/\./y)) {
      const all = this.#flags.dotMatchesLineFeed;
      return { kind: "character", accepts: all ? () => true : (codePoint) => codePoint !== 10 };
    }
    if (this.#take(/\^/y)) return assertion(this.#flags.multiLine ? "lineStart" : "textStart");
    if (this.#take(/\$/y)) return assertion(this.#flags.multiLine ? "lineEnd" : "textEnd");
    const bracket = this.#take(/\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]/suy);
    if (bracket) return bracketClass(bracket[0], this.#flags.ignoreCase);
    if (this.#peek(/\[/y)) throw new SyntaxError("missing closing ]");
    const repeat = this.#peek(/[*+?]/y);
    if (repeat) throw new SyntaxError(`missing argument to repetition operator: \`${repeat[0]}\``);
    const escaped = this.#take(
      /\\(?:x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|0[0-7]{0,2}|[pP](?:\{\^?\w+\}|\w)|.)/suy,
    );
    if (escaped) return ASSERTIONS[escaped[0]] ?? escapedCharacter(escaped[0], this.#flags.ignoreCase);
    if (this.#peek(/\\/y)) throw new SyntaxError("trailing backslash at end of expression");
    return this.#literal((this.#take(/./suy) as RegExpExecArray)[0]);
  }

  /** Behind its opening parenthesis. */
  #group(): RegexNode {
    const outer = this.#flags;
    const named = this.#take(/\?P?<([A-Za-z_]\w*)>/y);
    const plain = named ? null : this.#take(/\?([imsU]*(?:-[imsU]+)?):/y);
    if (plain) this.#setFlags(plain[1] as string);
    else if (!named && this.#peek(/\?/y)) throw new SyntaxError("invalid or unsupported Perl syntax: `(?`");
    const index = plain ? 0 : ++this.#captures;
    if (named) {
      const name = named[1] as string;
      if (this.#names.has(name)) throw new SyntaxError(`duplicate capture group name: \`${name}\``);
      this.#names.set(name, index);
    }
    if (++this.#depth > MAX_GROUP_DEPTH) throw new SyntaxError("expression nests too deeply");
    const node = this.#alternatives();
    this.#depth--;
    if (!this.#take(/\)/y)) throw new SyntaxError("missing closing )");
    this.#flags = outer;
    return plain ? node : { kind: "capture", node, index };
  }

  /** `(?i)`, which holds until the enclosing group ends. */
  #flagsForTheRest(): boolean {
    const match = this.#take(/\(\?([imsU]+(?:-[imsU]+)?|-[imsU]+)\)/y);
    if (match) this.#setFlags(match[1] as string);
    return match !== null;
  }

  #setFlags(text: string): void {
    const [on, off] = text.split("-") as [string, string | undefined];
    const value = (flag: string, before: boolean): boolean =>
      off?.includes(flag) ? false : before || on.includes(flag);
    this.#flags = {
      ignoreCase: value("i", this.#flags.ignoreCase),
      multiLine: value("m", this.#flags.multiLine),
      dotMatchesLineFeed: value("s", this.#flags.dotMatchesLineFeed),
      swapGreed: value("U", this.#flags.swapGreed),
    };
  }

  #literal(character: string): RegexNode {
    return literalCharacter(character, this.#flags.ignoreCase);
  }

  #take(token: RegExp): RegExpExecArray | null {
    const match = this.#peek(token);
    if (match) this.#index += match[0].length;
    return match;
  }

  #peek(token: RegExp): RegExpExecArray | null {
    token.lastIndex = this.#index;
    return token.exec(this.#pattern);
  }
}

const ASSERTIONS: Readonly<Record<string, RegexNode>> = {
  "\\A": assertion("textStart"),
  "\\z": assertion("textEnd"),
  "\\b": assertion("wordBoundary"),
  "\\B": assertion("noWordBoundary"),
};

function assertion(name: Assertion): RegexNode {
  return { kind: "assertion", assertion: name };
}

import { QueryError } from "./error.ts";

/** Longer patterns are refused: JavaScript's matcher backtracks, and cost grows with the pattern. */
export const MAX_PATTERN_LENGTH = 2_000;

/**
 * A Prometheus (RE2) pattern as a JavaScript one, anchored at both ends, `.` matching line feeds.
 * What RE2 lacks (look-around, back references) is refused as RE2 would; what JavaScript spells otherwise
 * (`(?i)`, `(?P<name>…)`, `\A`, `\z`, `\Q…\E`, `[[:alpha:]]`) is translated.
 * @throws QueryError ("bad_data") when the pattern is not valid.
 */
export function compileRegex(pattern: string): RegExp {
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw new QueryError(
      "bad_data",
      `regular expression too long: at most ${MAX_PATTERN_LENGTH} characters are allowed, this one has ${pattern.length}. Use several matchers or a label that groups the values`,
    );
  try {
    return new RegExp(`^(?:${translate(pattern)})$`, "su");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new QueryError("bad_data", `invalid regular expression ${JSON.stringify(pattern)}: ${reason}`);
  }
}

/** The values of a pattern that is only alternatives of plain text (`a|b|c`), else undefined. */
export function literalAlternatives(pattern: string): ReadonlySet<string> | undefined {
  return /[\\.+*?()[\]{}^$]/.test(pattern) ? undefined : new Set(pattern.split("|"));
}

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

function translate(pattern: string): string {
  let out = "";
  /** Per open group, the flag groups (`(?i:`) that were opened inside it and that end with it. */
  const open: string[][] = [[]];
  const flagGroups = (): string[] => open[open.length - 1] as string[];
  let i = 0;
  let match: RegExpExecArray | null;
  const take = (token: RegExp): RegExpExecArray | null => {
    token.lastIndex = i;
    match = token.exec(pattern);
    if (match) i += match[0].length;
    return match;
  };
  while (i < pattern.length) {
    if ((match = take(/\\Q(.*?)(?:\\E|$)/sy))) out += escapeLiteral(match[1] as string);
    else if ((match = take(/\\([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/y))) out += translateProperty(match);
    else if ((match = take(/\\(?:x\{([0-9a-fA-F]+)\}|(0[0-7]{1,2})|(.))/suy))) out += translateEscape(match);
    else if ((match = take(/\[(\^?)(\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*)\]/suy)))
      out += `[${match[1]}${translateClass(match[2] as string)}]`;
    else if ((match = take(/\(\?P?<([A-Za-z_]\w*)>/y))) {
      out += `(?<${match[1]}>`;
      open.push([]);
    } else if ((match = take(/\(\?([ims]*(?:-[ims]+)?)(:|\))/y))) {
      const group = `(?${match[1]}:`;
      out += group;
      if (match[2] === ":") open.push([]);
      else flagGroups().push(group);
    } else if (take(/\(\?/y)) throw new SyntaxError("invalid or unsupported Perl syntax: `(?`");
    else if (take(/\(/y)) {
      out += "(";
      open.push([]);
    } else if (take(/\)/y)) {
      if (open.length === 1) throw new SyntaxError("unexpected )");
      out += ")".repeat((open.pop() as string[]).length + 1);
    } else if (take(/\|/y)) out += `${")".repeat(flagGroups().length)}|${flagGroups().join("")}`;
    else if ((match = take(/[*+?]{3}|[*+?][*+]|\{\d+(?:,\d*)?\}[*+]/y)))
      throw new SyntaxError(`invalid nested repetition operator: \`${match[0]}\``);
    else if ((match = take(/\{\d+(?:,\d*)?\}/y))) out += match[0];
    else if ((match = take(/[{}\]]/y))) out += `\\${match[0]}`;
    else out += (take(/./suy) as RegExpExecArray)[0];
  }
  if (open.length > 1) throw new SyntaxError("missing closing )");
  return out + ")".repeat(flagGroups().length);
}

/** `\pN`, `\p{Lu}`, `\p{^Lu}`, `\p{Greek}`: one- and two-letter names are categories, longer ones are scripts. */
function translateProperty([, letter, negation, braced, single]: RegExpExecArray): string {
  const name = (braced ?? single) as string;
  const negative = (letter === "P") !== (negation === "^");
  return `\\${negative ? "P" : "p"}{${name.length > 2 ? `Script=${name}` : name}}`;
}

function translateEscape([whole, hex, octal, letter]: RegExpExecArray): string {
  if (hex !== undefined) return `\\u{${hex}}`;
  if (octal !== undefined) return `\\u{${Number.parseInt(octal, 8).toString(16)}}`;
  if (letter === undefined || !/[^0-9A-Za-z]|[AzabBdDsSwWfnrtvx]/.test(letter))
    throw new SyntaxError(`invalid escape sequence: \`${whole}\``);
  if (letter === "A") return "(?<![^])";
  if (letter === "z") return "(?![^])";
  if (letter === "a") return "\\x07";
  return /[bBdDsSwWfnrtvx]/.test(letter) ? `\\${letter}` : escapeLiteral(letter);
}

function translateClass(body: string): string {
  return body.replace(
    /\[:(\^?)(\w+):\]|\\(.)|([[\]^(){}|/])/gsu,
    (whole, negated, name, escaped, special) => {
      if (name !== undefined) {
        const members = POSIX_CLASSES[name];
        if (members === undefined || negated)
          throw new SyntaxError(`invalid character class range: \`${whole}\``);
        return members;
      }
      if (special !== undefined) return `\\${special}`;
      if (escaped === "a") return "\\x07";
      if (escaped === "-" || /[dDsSwWpPfnrtvx]/.test(escaped)) return whole;
      if (/[0-9A-Za-z]/.test(escaped)) throw new SyntaxError(`invalid escape sequence: \`${whole}\``);
      return escapeLiteral(escaped);
    },
  );
}

/** Only what the `u` flag allows to be escaped is; other punctuation stands for itself. */
function escapeLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

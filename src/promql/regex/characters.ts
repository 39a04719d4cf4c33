import type { RegexNode } from "./syntax.ts";

/**
 * What a single character may be is asked of JavaScript's own regular expressions: on one character they
 * cannot backtrack, and they know Unicode's classes and cases.
 */
function oneOf(source: string, ignoreCase: boolean): RegexNode {
  const regex = new RegExp(`^${source}$`, ignoreCase ? "iu" : "u");
  return { kind: "character", accepts: (codePoint) => regex.test(String.fromCodePoint(codePoint)) };
}

export function literalCharacter(character: string, ignoreCase: boolean): RegexNode {
  if (ignoreCase) return oneOf(quote(character), true);
  const wanted = character.codePointAt(0);
  return { kind: "character", accepts: (codePoint) => codePoint === wanted };
}

/** An escape outside brackets, with its backslash. @throws SyntaxError when RE2 has none such. */
export function escapedCharacter(text: string, ignoreCase: boolean): RegexNode {
  return oneOf(`[${translateEscape(text)}]`, ignoreCase);
}

/** `[…]` with its brackets. @throws SyntaxError. */
export function bracketClass(text: string, ignoreCase: boolean): RegexNode {
  const negated = text[1] === "^";
  const body = text.slice(negated ? 2 : 1, -1);
  const token =
    /\[:(\^?)(\w+):\]|\\(?:x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|0[0-7]{0,2}|[pP](?:\{\^?\w+\}|\w)|.)|[[\]^(){}|/.*+?$]/gsu;
  const source = body.replace(token, (whole: string, not?: string, name?: string) => {
    if (name !== undefined) return posixClass(name, not === "^");
    return whole.startsWith("\\") ? translateEscape(whole) : `\\${whole}`;
  });
  return oneOf(`[${negated ? "^" : ""}${source}]`, ignoreCase);
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
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

function posixClass(name: string, negated: boolean): string {
  const members = POSIX_CLASSES[name];
  if (members === undefined || negated)
    throw new SyntaxError(`invalid character class range: \`[:${negated ? "^" : ""}${name}:]\``);
  return members;
}

/** Perl's classes, which are ASCII in RE2, as members of brackets. */
const PERL_CLASSES: Readonly<Record<string, string>> = {
  "\\d": "0-9",
  "\\s": "\\t\\n\\f\\r ",
  "\\w": "0-9A-Za-z_",
  "\\D": "\\x00-\\x2F\\x3A-\\u{10FFFF}",
  "\\S": "\\x00-\\x08\\x0B\\x0E-\\x1F\\x21-\\u{10FFFF}",
  "\\W": "\\x00-\\x2F\\x3A-\\x40\\x5B-\\x5E\\x60\\x7B-\\u{10FFFF}",
};

/** RE2's escape as JavaScript has it inside brackets. */
function translateEscape(text: string): string {
  const perl = PERL_CLASSES[text];
  if (perl !== undefined) return perl;
  const property = /^\\([pP])(?:\{(\^?)(\w+)\}|(\w))$/.exec(text);
  if (property) return unicodeProperty(property);
  const code = /^\\(?:x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|(0[0-7]{0,2}))$/.exec(text);
  if (code) {
    const value =
      code[3] === undefined
        ? Number.parseInt((code[1] ?? code[2]) as string, 16)
        : Number.parseInt(code[3], 8);
    return `\\u{${value.toString(16)}}`;
  }
  if (text === "\\a") return "\\x07";
  if (/^\\[fnrtv]$/.test(text)) return text;
  if (/^\\[0-9A-Za-z]/.test(text)) throw new SyntaxError(`invalid escape sequence: \`${text}\``);
  return text === "\\-" ? "\\x2D" : quote(text.slice(1));
}

/** `\pN`, `\p{Lu}`, `\p{^Lu}`, `\p{Greek}`: one- and two-letter names are categories, longer ones are scripts. */
function unicodeProperty([, letter, negation, braced, single]: RegExpExecArray): string {
  const name = (braced ?? single) as string;
  const negative = (letter === "P") !== (negation === "^");
  return `\\${negative ? "P" : "p"}{${name.length > 2 ? `Script=${name}` : name}}`;
}

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

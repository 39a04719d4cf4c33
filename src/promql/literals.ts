import { parseDuration } from "./duration.ts";

/**
 * The value of a PromQL number: decimal, hexadecimal, octal with a leading zero (as Go reads it), `Inf`, `NaN`, or a
 * duration, which counts in seconds. `_` may stand between digits. Undefined when it is none or overflows a float64.
 */
export function parseNumber(literal: string): number | undefined {
  const text = literal.toLowerCase().replaceAll("_", "");
  if (text === "inf") return Number.POSITIVE_INFINITY;
  if (text === "nan") return Number.NaN;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms / 1000;
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The string in a quoted PromQL literal: `"…"` and `'…'` with Go's escapes, or raw between back quotes. Undefined when malformed. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0];
  if (literal.length < 2 || literal.at(-1) !== quote) return undefined;
  const body = literal.slice(1, -1);
  if (quote === "`") return body.includes("`") ? undefined : body;
  if (!body.includes("\\")) return body.includes("\n") || body.includes(quote as string) ? undefined : body;
  const bytes = new EscapedText();
  let i = 0;
  while (i < body.length) {
    if (body[i] !== "\\") {
      if (body[i] === "\n" || body[i] === quote) return undefined;
      const character = String.fromCodePoint(body.codePointAt(i) as number);
      bytes.text(character);
      i += character.length;
      continue;
    }
    const length = appendEscape(bytes, body.slice(i + 1, i + 10), quote as string);
    if (length === 0) return undefined;
    i += 1 + length;
  }
  return bytes.toString();
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** Appends what the escape (without its backslash) stands for and returns how many characters it has; 0 when it is none. */
function appendEscape(out: EscapedText, text: string, quote: string): number {
  const simple = SIMPLE_ESCAPES[text[0] ?? ""] ?? (text[0] === quote ? quote : undefined);
  if (simple !== undefined) {
    out.text(simple);
    return 1;
  }
  const byte = /^(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2}))/.exec(text);
  if (byte) {
    out.byte(byte[1] === undefined ? Number.parseInt(byte[2] as string, 8) : Number.parseInt(byte[1], 16));
    return byte[0].length;
  }
  const rune = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text);
  const code = rune ? Number.parseInt((rune[1] ?? rune[2]) as string, 16) : Number.NaN;
  if (!rune || !(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) return 0;
  out.text(String.fromCodePoint(code));
  return rune[0].length;
}

/** Text mixed with single bytes (`\xff`), which together form UTF-8. */
class EscapedText {
  readonly #bytes: number[] = [];

  text(text: string): void {
    for (const byte of new TextEncoder().encode(text)) this.#bytes.push(byte);
  }

  byte(value: number): void {
    this.#bytes.push(value);
  }

  toString(): string {
    return new TextDecoder().decode(new Uint8Array(this.#bytes));
  }
}

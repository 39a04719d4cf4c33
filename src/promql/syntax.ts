import { parseError, type QueryError } from "./error.ts";

/**
 * What the grammar's parser met, in Prometheus's words: it says only `No parse at 7`, and the text around that
 * place tells the rest.
 */
export function syntaxError(query: string, cause: unknown): QueryError {
  const reported = cause instanceof SyntaxError ? /No parse at (\d+)/.exec(cause.message)?.[1] : undefined;
  const offset = skipBlanks(query, reported === undefined ? query.length : Number(reported));
  if (offset >= query.length) {
    const string = unterminatedString(query);
    return string === undefined
      ? parseError(query, query.length, "unexpected end of input")
      : parseError(query, string, "unterminated quoted string");
  }
  const call = query[offset] === "(" ? /([a-zA-Z_:][\w:]*)\s*$/.exec(query.slice(0, offset)) : null;
  if (call) return parseError(query, call.index, `unknown function with name "${call[1]}"`);
  return parseError(query, offset, `unexpected ${tokenAt(query, offset)}`);
}

function skipBlanks(query: string, from: number): number {
  const blank = /(?:\s|#[^\n]*)*/y;
  blank.lastIndex = from;
  return from + (blank.exec(query)?.[0].length ?? 0);
}

function tokenAt(query: string, offset: number): string {
  const token = /[a-zA-Z_:][\w:]*|\d[\w.]*|"(?:[^"\\]|\\.)*"?|[=!<>]=|[=!]~|./suy;
  token.lastIndex = offset;
  const text = token.exec(query)?.[0] ?? "";
  if (/^[a-zA-Z_:]/.test(text)) return `identifier ${JSON.stringify(text)}`;
  if (/^\d/.test(text)) return `number ${JSON.stringify(text)}`;
  return text.startsWith('"') ? `string ${text}` : JSON.stringify(text);
}

/** Where a quote opens that never closes. */
function unterminatedString(query: string): number | undefined {
  const token = /#[^\n]*|"(?:[^"\\]|\\.)*("?)|'(?:[^'\\]|\\.)*('?)|`[^`]*(`?)/gs;
  for (const match of query.matchAll(token)) {
    if (match[0].startsWith("#")) continue;
    if (!(match[1] || match[2] || match[3])) return match.index;
  }
  return undefined;
}

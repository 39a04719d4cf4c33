/** Line and column of a character in a query, both counted from 1. */
interface QueryPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * Why a query has no answer: `bad_data` (the query itself is wrong; mostly with a position), `execution`
 * (it met data that it cannot work on), `timeout`, or `limit` (it would cost more than one query may).
 */
type QueryErrorKind = "bad_data" | "execution" | "timeout" | "limit";

/** The only error that parsing and evaluating a query throw. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly kind: QueryErrorKind;
  readonly position?: QueryPosition;

  constructor(kind: QueryErrorKind, message: string, position?: QueryPosition) {
    super(message);
    this.kind = kind;
    if (position) this.position = position;
  }
}

/** A parse or type error at a character offset, worded as Prometheus words it: `1:5: parse error: …`. */
export function parseError(query: string, offset: number, message: string): QueryError {
  const position = positionAt(query, offset);
  return new QueryError("bad_data", `${position.line}:${position.column}: parse error: ${message}`, position);
}

export function executionError(message: string): QueryError {
  return new QueryError("execution", message);
}

function positionAt(query: string, offset: number): QueryPosition {
  const before = query.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

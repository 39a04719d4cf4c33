import { QueryError } from "../../promql/error.ts";
import type { QueryFailure } from "../types.ts";

/** An error as it travels between threads and to the caller. What no query error explains is one of execution. */
export function failureOf(error: unknown): QueryFailure {
  if (!(error instanceof QueryError))
    return { kind: "execution", message: error instanceof Error ? error.message : String(error) };
  const { kind, message, position } = error;
  return position === undefined ? { kind, message } : { kind, message, position };
}

export function errorOf({ kind, message, position }: QueryFailure): QueryError {
  return new QueryError(kind, message, position);
}

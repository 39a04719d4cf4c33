import { parser as grammar } from "@prometheus-io/lezer-promql";
import type { Expr } from "./ast.ts";
import { checkTypes } from "./check.ts";
import { parseError, QueryError } from "./error.ts";
import { syntaxError } from "./syntax.ts";
import { children, type QueryNode } from "./tree.ts";
import { TreeReader } from "./tree_reader.ts";

/** Characters in a query. */
const MAX_QUERY_LENGTH = 100_000;

const strictGrammar = grammar.configure({ strict: true });

/**
 * Parses and type-checks a PromQL expression.
 * @throws QueryError: "bad_data" with the position of the mistake, "limit" when it is too long or too deeply nested.
 */
export function parse(query: string): Expr {
  if (query.length > MAX_QUERY_LENGTH)
    throw new QueryError(
      "limit",
      `query too long: at most ${MAX_QUERY_LENGTH} characters are allowed, this one has ${query.length}. Split it, or match label values with a shorter regular expression`,
    );
  const root = children(syntaxTree(query))[0];
  if (!root) throw parseError(query, query.length, "unexpected end of input");
  const expr = new TreeReader(query).expression(root, 0);
  checkTypes(query, expr);
  return expr;
}

function syntaxTree(query: string): QueryNode {
  try {
    return strictGrammar.parse(query).topNode;
  } catch (cause) {
    throw syntaxError(query, cause);
  }
}

import type { SyntaxNode } from "@lezer/common";
import { parser as grammar } from "@prometheus-io/lezer-promql";
import { METRIC_NAME } from "../metrics/labels.ts";
import {
  AGGREGATIONS,
  type AggregationName,
  type At,
  type BinaryOperator,
  type Expr,
  isSetOperator,
  type Matching,
  type VectorSelector,
} from "./ast.ts";
import { checkTypes } from "./check.ts";
import { parseDuration } from "./duration.ts";
import { parseError, QueryError } from "./error.ts";
import { parseNumber, unquote } from "./literals.ts";
import { matcherTest } from "./matcher.ts";
import type { Matcher } from "./source.ts";
import { syntaxError } from "./syntax.ts";

/** Characters in a query. */
export const MAX_QUERY_LENGTH = 100_000;
/** Expressions inside expressions; parsing and evaluation recurse. */
export const MAX_QUERY_DEPTH = 500;

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
  let top: SyntaxNode;
  try {
    top = strictGrammar.parse(query).topNode;
  } catch (cause) {
    throw syntaxError(query, cause);
  }
  const root = children(top)[0];
  if (!root) throw parseError(query, query.length, "unexpected end of input");
  const expr = new TreeReader(query).expr(root, 0);
  checkTypes(query, expr);
  return expr;
}

class TreeReader {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  expr(node: SyntaxNode, depth: number): Expr {
    if (depth > MAX_QUERY_DEPTH)
      throw new QueryError(
        "limit",
        `query nested too deeply: at most ${MAX_QUERY_DEPTH} levels are allowed. Split it into several queries`,
      );
    const span = { from: node.from, to: node.to };
    const parts = children(node);
    const inner = (i: number): Expr => this.expr(parts[i] as SyntaxNode, depth + 1);
    switch (node.name) {
      case "NumberDurationLiteral":
        return { kind: "number", value: this.#number(node), ...span };
      case "StringLiteral":
        return { kind: "string", value: this.#string(node), ...span };
      case "ParenExpr":
        return { kind: "paren", expr: inner(0), ...span };
      case "UnaryExpr":
        return {
          kind: "unary",
          op: this.#text(parts[0] as SyntaxNode) as "+" | "-",
          expr: inner(1),
          ...span,
        };
      case "BinaryExpr":
        return this.#binary(node, parts, depth);
      case "AggregateExpr":
        return this.#aggregation(node, parts, depth);
      case "FunctionCall": {
        const args = children(parts[1] as SyntaxNode).map((argument) => this.expr(argument, depth + 1));
        return { kind: "call", name: this.#text(parts[0] as SyntaxNode), args, ...span };
      }
      case "VectorSelector":
        return this.#vectorSelector(node, parts);
      case "MatrixSelector": {
        const selector = inner(0);
        if (selector.kind !== "vectorSelector")
          throw this.#error(node.from, "ranges only allowed for vector selectors");
        if (selector.offset !== 0) throw this.#error(node.from, "no offset modifiers allowed before range");
        if (selector.at) throw this.#error(node.from, "no @ modifiers allowed before range");
        return { kind: "matrixSelector", selector, range: this.#range(parts[1] as SyntaxNode), ...span };
      }
      case "SubqueryExpr": {
        const step = parts[2] ? this.#range(parts[2]) : undefined;
        return {
          kind: "subquery",
          expr: inner(0),
          range: this.#range(parts[1] as SyntaxNode),
          step,
          offset: 0,
          at: undefined,
          ...span,
        };
      }
      case "OffsetExpr":
        return this.#withOffset(inner(0), this.#duration(parts[2] as SyntaxNode), node);
      case "StepInvariantExpr":
        return this.#withAt(inner(0), this.#at(parts[2] as SyntaxNode), node);
      default:
        throw this.#error(node.from, `${describe(node.name)} is not supported`);
    }
  }

  #binary(node: SyntaxNode, parts: SyntaxNode[], depth: number): Expr {
    const [leftNode, opNode] = parts as [SyntaxNode, SyntaxNode];
    const op = this.#text(opNode).toLowerCase() as BinaryOperator;
    const right = this.expr(parts.at(-1) as SyntaxNode, depth + 1);
    const modifiers = parts.slice(2, -1);
    const unsupported = modifiers.find(
      (part) => !["BoolModifier", "MatchingModifierClause"].includes(part.name),
    );
    if (unsupported) throw this.#error(unsupported.from, `${describe(unsupported.name)} is not supported`);
    const bool = modifiers.some((part) => part.name === "BoolModifier");
    const clause = modifiers.find((part) => part.name === "MatchingModifierClause");
    const matching = clause
      ? this.#matching(clause, op)
      : { on: false, labels: [], many: undefined, include: [] };
    const left = this.expr(leftNode, depth + 1);
    const span = { from: node.from, to: node.to };
    // The grammar reads `-1 ^ 2` as (-1) ^ 2; in PromQL the power binds closer than the sign.
    const sign = op === "^" && left.kind === "number" ? /^[+-]/.exec(this.#text(leftNode))?.[0] : undefined;
    if (sign && left.kind === "number") {
      const base: Expr = { ...left, value: sign === "-" ? -left.value : left.value };
      return {
        kind: "unary",
        op: sign as "+" | "-",
        expr: { kind: "binary", op, left: base, right, bool, matching, ...span },
        ...span,
      };
    }
    return { kind: "binary", op, left, right, bool, matching, ...span };
  }

  #matching(clause: SyntaxNode, op: BinaryOperator): Matching {
    const parts = children(clause);
    const group = parts[2]?.name;
    if (group && isSetOperator(op))
      throw this.#error(clause.from, `no grouping allowed for "${op}" operation`);
    const on = parts[0]?.name === "On";
    const labels = this.#labelNames(parts[1] as SyntaxNode);
    const include = parts[3] ? this.#labelNames(parts[3]) : [];
    const both = on ? include.find((name) => labels.includes(name)) : undefined;
    if (both !== undefined)
      throw this.#error(clause.from, `label "${both}" must not occur in ON and GROUP clause at once`);
    return { on, labels, many: group === "GroupLeft" ? "left" : group ? "right" : undefined, include };
  }

  #aggregation(node: SyntaxNode, parts: SyntaxNode[], depth: number): Expr {
    const name = this.#text(parts[0] as SyntaxNode).toLowerCase();
    if (!AGGREGATIONS.includes(name as AggregationName))
      throw this.#error(node.from, `aggregation ${name}() is not supported`);
    const modifier = parts.find((part) => part.name === "AggregateModifier");
    const body = parts.find((part) => part.name === "FunctionCallBody") as SyntaxNode;
    const args = children(body).map((argument) => this.expr(argument, depth + 1));
    const wanted = ["topk", "bottomk", "quantile", "count_values"].includes(name) ? 2 : 1;
    if (args.length === 0) throw this.#error(node.from, "no arguments for aggregate expression provided");
    if (args.length !== wanted)
      throw this.#error(
        node.from,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    const modifierParts = modifier ? children(modifier) : [];
    return {
      kind: "aggregation",
      name: name as AggregationName,
      expr: args[wanted - 1] as Expr,
      param: wanted === 2 ? args[0] : undefined,
      grouping: modifierParts[1] ? this.#labelNames(modifierParts[1]) : [],
      without: modifierParts[0]?.name === "Without",
      from: node.from,
      to: node.to,
    };
  }

  #vectorSelector(node: SyntaxNode, parts: SyntaxNode[]): VectorSelector {
    const matchers: Matcher[] = [];
    for (const part of parts) {
      if (part.name === "Identifier") matchers.push({ name: METRIC_NAME, op: "=", value: this.#text(part) });
      else for (const matcher of children(part)) matchers.push(this.#matcher(matcher));
    }
    const names = matchers.filter((matcher) => matcher.name === METRIC_NAME);
    if (parts[0]?.name === "Identifier" && names.length > 1)
      throw this.#error(
        node.from,
        `metric name must not be set twice: "${names[0]?.value}" or "${names[1]?.value}"`,
      );
    if (matchers.every((matcher) => matcherTest(matcher)("")))
      throw this.#error(node.from, "vector selector must contain at least one non-empty matcher");
    return { kind: "vectorSelector", matchers, offset: 0, at: undefined, from: node.from, to: node.to };
  }

  #matcher(node: SyntaxNode): Matcher {
    const [nameNode, opNode, valueNode] = children(node) as [SyntaxNode, SyntaxNode, SyntaxNode];
    if (node.name === "QuotedLabelName") return { name: METRIC_NAME, op: "=", value: this.#string(nameNode) };
    const name = nameNode.name === "LabelName" ? this.#text(nameNode) : this.#quotedName(nameNode);
    const matcher = { name, op: this.#text(opNode) as Matcher["op"], value: this.#string(valueNode) };
    try {
      matcherTest(matcher);
    } catch (error) {
      if (error instanceof QueryError) throw this.#error(valueNode.from, error.message);
      throw error;
    }
    return matcher;
  }

  #labelNames(node: SyntaxNode): string[] {
    return children(node).map((name) =>
      name.name === "LabelName" ? this.#text(name) : this.#quotedName(name),
    );
  }

  #quotedName(node: SyntaxNode): string {
    const name = this.#string(node.name === "QuotedLabelName" ? (children(node)[0] as SyntaxNode) : node);
    if (name === "") throw this.#error(node.from, 'invalid label name: ""');
    return name;
  }

  #withOffset(expr: Expr, offset: number, node: SyntaxNode): Expr {
    const span = { from: node.from, to: node.to };
    const target = expr.kind === "matrixSelector" ? expr.selector : expr;
    if (target.kind !== "vectorSelector" && target.kind !== "subquery")
      throw this.#error(
        node.from,
        "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
      );
    if (target.offset !== 0) throw this.#error(node.from, "offset may not be set multiple times");
    if (expr.kind === "matrixSelector") return { ...expr, selector: { ...expr.selector, offset }, ...span };
    return { ...target, offset, ...span };
  }

  #withAt(expr: Expr, at: At, node: SyntaxNode): Expr {
    const span = { from: node.from, to: node.to };
    const target = expr.kind === "matrixSelector" ? expr.selector : expr;
    if (target.kind !== "vectorSelector" && target.kind !== "subquery")
      throw this.#error(
        node.from,
        "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
      );
    if (target.at) throw this.#error(node.from, "@ <timestamp> may not be set multiple times");
    if (expr.kind === "matrixSelector") return { ...expr, selector: { ...expr.selector, at }, ...span };
    return { ...target, at, ...span };
  }

  #at(node: SyntaxNode): At {
    if (node.name === "AtModifierPreprocessors")
      return { kind: children(node)[0]?.name === "AtStart" ? "start" : "end" };
    const time = Math.round(this.#number(node) * 1000);
    if (!Number.isSafeInteger(time))
      throw this.#error(node.from, `timestamp out of bounds for @ modifier: ${this.#text(node)}`);
    return { kind: "time", time };
  }

  /** Milliseconds, positive. */
  #range(node: SyntaxNode): number {
    const range = this.#duration(node);
    if (!(range > 0)) throw this.#error(node.from, "duration must be greater than 0");
    return range;
  }

  /** Milliseconds, of either sign. */
  #duration(node: SyntaxNode): number {
    const parts = children(node);
    if (node.name === "NumberDurationLiteralInDurationContext") {
      const text = this.#text(node);
      const ms = parseDuration(text) ?? Math.round((parseNumber(text) ?? Number.NaN) * 1000);
      if (!Number.isSafeInteger(ms)) throw this.#error(node.from, `duration out of range: ${text}`);
      return ms;
    }
    if (parts.length === 1) return this.#duration(parts[0] as SyntaxNode);
    if (parts.length === 2 && parts[0]?.name === "UnaryOp") {
      const ms = this.#duration(parts[1] as SyntaxNode);
      return this.#text(parts[0]) === "-" ? -ms : ms;
    }
    throw this.#error(
      node.from,
      "arithmetic with durations is not supported: write one duration such as 1h30m",
    );
  }

  #number(node: SyntaxNode): number {
    const [, sign, digits] = /^([+-]?)\s*(.*)$/s.exec(this.#text(node)) as unknown as [
      string,
      string,
      string,
    ];
    const value = parseNumber(digits);
    if (value === undefined) throw this.#error(node.from, `error parsing number: ${digits}`);
    return sign === "-" ? -value : value;
  }

  #string(node: SyntaxNode): string {
    const value = unquote(this.#text(node));
    if (value === undefined) throw this.#error(node.from, `error unquoting string ${this.#text(node)}`);
    return value;
  }

  #text(node: SyntaxNode): string {
    return this.#query.slice(node.from, node.to);
  }

  #error(offset: number, message: string): QueryError {
    return parseError(this.#query, offset, message);
  }
}

/** A node's children without comments. */
function children(node: SyntaxNode): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (child.name !== "LineComment") nodes.push(child);
  return nodes;
}

/** `FillModifier` as `the fill modifier`. */
function describe(nodeName: string): string {
  return `the ${nodeName
    .replace(/Expr$/, "Modifier")
    .replace(/(?<=[a-z])[A-Z]/g, (c) => ` ${c}`)
    .toLowerCase()}`;
}

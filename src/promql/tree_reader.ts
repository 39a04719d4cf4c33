import { METRIC_NAME } from "../metrics/labels.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  type AggregationName,
  type Binary,
  type BinaryOperator,
  type Expr,
  isSetOperator,
  type Matching,
  type VectorSelector,
} from "./ast.ts";
import { QueryError } from "./error.ts";
import { matcherTest } from "./matcher.ts";
import { withAt, withOffset, withRange, withSubquery } from "./modifiers.ts";
import { combineTerms, type Term } from "./precedence.ts";
import type { Matcher } from "./source.ts";
import { TokenReader } from "./token_reader.ts";
import { children, describe, type QueryNode } from "./tree.ts";

/** Expressions inside expressions; parsing and evaluation recurse. */
const MAX_QUERY_DEPTH = 500;

/**
 * Makes typed expressions of a syntax tree. The tree's own nesting of operators and modifiers is not used: the grammar
 * reads `a + b offset 5m` as `(a + b) offset 5m` and `-1 ^ 2` as `(-1) ^ 2`. They are laid out in a row and
 * combined by precedence.ts.
 */
export class TreeReader {
  readonly #tokens: TokenReader;

  constructor(query: string) {
    this.#tokens = new TokenReader(query);
  }

  /** @throws QueryError: "bad_data" with position, "limit" beyond {@link MAX_QUERY_DEPTH}. */
  expression(node: QueryNode, depth: number): Expr {
    const terms: Term[] = [];
    this.#layOut(node, depth, terms);
    return combineTerms(terms);
  }

  #layOut(node: QueryNode, depth: number, terms: Term[]): void {
    if (depth > MAX_QUERY_DEPTH)
      throw new QueryError(
        "limit",
        `query nested too deeply: at most ${MAX_QUERY_DEPTH} levels are allowed. Split it into several queries`,
      );
    const parts = children(node);
    const [first, second] = parts as [QueryNode, QueryNode];
    switch (node.name) {
      case "BinaryExpr": {
        this.#layOut(first, depth + 1, terms);
        const op = this.#tokens.text(second).toLowerCase() as BinaryOperator;
        terms.push({ kind: "infix", op, modifiers: this.#binaryModifiers(op, parts.slice(2, -1)) });
        this.#layOut(parts.at(-1) as QueryNode, depth + 1, terms);
        return;
      }
      case "UnaryExpr":
        terms.push({ kind: "prefix", op: this.#tokens.text(first) as "+" | "-", from: node.from });
        this.#layOut(second, depth + 1, terms);
        return;
      case "NumberDurationLiteral": {
        const sign = /^[+-]/.exec(this.#tokens.text(node))?.[0];
        if (sign) terms.push({ kind: "prefix", op: sign as "+" | "-", from: node.from });
        const expr: Expr = {
          kind: "number",
          value: Math.abs(this.#tokens.number(node)),
          from: node.from,
          to: node.to,
        };
        terms.push({ kind: "operand", expr });
        return;
      }
      case "OffsetExpr":
      case "StepInvariantExpr":
      case "MatrixSelector":
      case "SubqueryExpr":
        this.#layOut(first, depth + 1, terms);
        terms.push({ kind: "postfix", apply: this.#postfix(node, parts) });
        return;
      default:
        terms.push({ kind: "operand", expr: this.#enclosed(node, parts, depth) });
    }
  }

  /** What is behind an operand, as a function of it. */
  #postfix(node: QueryNode, parts: QueryNode[]): (operand: Expr) => Expr {
    const fail = (operand: Expr, message: string): never => {
      throw this.#tokens.error(operand.from, message);
    };
    const second = parts[1] as QueryNode;
    switch (node.name) {
      case "OffsetExpr": {
        const offset = this.#tokens.duration(parts[2] as QueryNode);
        return (operand) => withOffset(operand, offset, node.to, fail);
      }
      case "StepInvariantExpr": {
        const at = this.#tokens.at(parts[2] as QueryNode);
        return (operand) => withAt(operand, at, node.to, fail);
      }
      case "MatrixSelector": {
        const range = this.#tokens.range(second);
        return (operand) => withRange(operand, range, node.to, fail);
      }
      default: {
        const range = this.#tokens.range(second);
        const step = parts[2] && this.#tokens.range(parts[2]);
        return (operand) => withSubquery(operand, range, step, node.to);
      }
    }
  }

  #enclosed(node: QueryNode, parts: QueryNode[], depth: number): Expr {
    const span = { from: node.from, to: node.to };
    switch (node.name) {
      case "StringLiteral":
        return { kind: "string", value: this.#tokens.string(node), ...span };
      case "ParenExpr":
        return { kind: "paren", expr: this.expression(parts[0] as QueryNode, depth + 1), ...span };
      case "AggregateExpr":
        return this.#aggregation(node, parts, depth);
      case "FunctionCall": {
        const args = children(parts[1] as QueryNode).map((argument) => this.expression(argument, depth + 1));
        return { kind: "call", name: this.#tokens.text(parts[0] as QueryNode), args, ...span };
      }
      case "VectorSelector":
        return this.#vectorSelector(node, parts);
      default:
        throw this.#tokens.error(node.from, `${describe(node.name)} is not supported`);
    }
  }

  #binaryModifiers(op: BinaryOperator, modifiers: QueryNode[]): Pick<Binary, "bool" | "matching"> {
    const unsupported = modifiers.find(
      ({ name }) => name !== "BoolModifier" && name !== "MatchingModifierClause",
    );
    if (unsupported)
      throw this.#tokens.error(unsupported.from, `${describe(unsupported.name)} is not supported`);
    const clause = modifiers.find(({ name }) => name === "MatchingModifierClause");
    return {
      bool: modifiers.some(({ name }) => name === "BoolModifier"),
      matching: clause ? this.#matching(clause, op) : { on: false, labels: [], many: undefined, include: [] },
    };
  }

  #matching(clause: QueryNode, op: BinaryOperator): Matching {
    const parts = children(clause);
    const group = parts[2]?.name;
    if (group && isSetOperator(op))
      throw this.#tokens.error(clause.from, `no grouping allowed for "${op}" operation`);
    const on = parts[0]?.name === "On";
    const labels = this.#tokens.labelNames(parts[1] as QueryNode);
    const include = parts[3] ? this.#tokens.labelNames(parts[3]) : [];
    const both = on ? include.find((name) => labels.includes(name)) : undefined;
    if (both !== undefined)
      throw this.#tokens.error(clause.from, `label "${both}" must not occur in ON and GROUP clause at once`);
    return { on, labels, many: group === "GroupLeft" ? "left" : group ? "right" : undefined, include };
  }

  #aggregation(node: QueryNode, parts: QueryNode[], depth: number): Aggregation {
    const name = this.#tokens.text(parts[0] as QueryNode).toLowerCase();
    if (!AGGREGATIONS.includes(name as AggregationName))
      throw this.#tokens.error(node.from, `aggregation ${name}() is not supported`);
    const modifier = parts.find((part) => part.name === "AggregateModifier");
    const body = parts.find((part) => part.name === "FunctionCallBody") as QueryNode;
    const args = children(body).map((argument) => this.expression(argument, depth + 1));
    const wanted = ["topk", "bottomk", "quantile", "count_values"].includes(name) ? 2 : 1;
    if (args.length === 0)
      throw this.#tokens.error(node.from, "no arguments for aggregate expression provided");
    if (args.length !== wanted)
      throw this.#tokens.error(
        node.from,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    const [keyword, grouping] = modifier ? children(modifier) : [];
    return {
      kind: "aggregation",
      name: name as AggregationName,
      expr: args[wanted - 1] as Expr,
      param: wanted === 2 ? args[0] : undefined,
      grouping: grouping ? this.#tokens.labelNames(grouping) : [],
      without: keyword?.name === "Without",
      from: node.from,
      to: node.to,
    };
  }

  #vectorSelector(node: QueryNode, parts: QueryNode[]): VectorSelector {
    const matchers: Matcher[] = [];
    for (const part of parts) {
      if (part.name === "Identifier")
        matchers.push({ name: METRIC_NAME, op: "=", value: this.#tokens.text(part) });
      else for (const matcher of children(part)) matchers.push(this.#matcher(matcher));
    }
    const names = matchers.filter((matcher) => matcher.name === METRIC_NAME);
    if (parts[0]?.name === "Identifier" && names.length > 1)
      throw this.#tokens.error(
        node.from,
        `metric name must not be set twice: "${names[0]?.value}" or "${names[1]?.value}"`,
      );
    if (matchers.every((matcher) => matcherTest(matcher)("")))
      throw this.#tokens.error(node.from, "vector selector must contain at least one non-empty matcher");
    return { kind: "vectorSelector", matchers, offset: 0, at: undefined, from: node.from, to: node.to };
  }

  #matcher(node: QueryNode): Matcher {
    const [nameNode, opNode, valueNode] = children(node) as [QueryNode, QueryNode, QueryNode];
    if (node.name === "QuotedLabelName")
      return { name: METRIC_NAME, op: "=", value: this.#tokens.string(nameNode) };
    const value = this.#tokens.string(valueNode);
    const matcher = {
      name: this.#tokens.labelName(nameNode),
      op: this.#tokens.text(opNode) as Matcher["op"],
      value,
    };
    try {
      matcherTest(matcher);
    } catch (error) {
      if (error instanceof QueryError) throw this.#tokens.error(valueNode.from, error.message);
      throw error;
    }
    return matcher;
  }
}

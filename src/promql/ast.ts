import type { Matcher } from "./source.ts";

export type ValueType = "scalar" | "vector" | "matrix" | "string";

/** Where a node stands in the query, as character offsets `[from, to)`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The `@` modifier: a fixed time in milliseconds, or the query's start or end. */
export type At =
  | { readonly kind: "time"; readonly time: number }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

interface NumberLiteral extends Span {
  readonly kind: "number";
  readonly value: number;
}

interface StringLiteral extends Span {
  readonly kind: "string";
  readonly value: string;
}

export interface VectorSelector extends Span {
  readonly kind: "vectorSelector";
  readonly matchers: readonly Matcher[];
  /** Milliseconds; positive looks back. */
  readonly offset: number;
  readonly at: At | undefined;
}

interface MatrixSelector extends Span {
  readonly kind: "matrixSelector";
  readonly selector: VectorSelector;
  /** Milliseconds. */
  readonly range: number;
}

export interface Subquery extends Span {
  readonly kind: "subquery";
  readonly expr: Expr;
  /** Milliseconds. */
  readonly range: number;
  /** Milliseconds; undefined asks for the default of one minute. */
  readonly step: number | undefined;
  readonly offset: number;
  readonly at: At | undefined;
}

export interface Call extends Span {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expr[];
}

export const AGGREGATIONS = [
  "sum",
  "avg",
  "min",
  "max",
  "count",
  "group",
  "stddev",
  "stdvar",
  "quantile",
  "topk",
  "bottomk",
  "count_values",
] as const;
export type AggregationName = (typeof AGGREGATIONS)[number];

export interface Aggregation extends Span {
  readonly kind: "aggregation";
  readonly name: AggregationName;
  readonly expr: Expr;
  /** k, φ or the label name of the four that take one. */
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
export type ComparisonOperator = "==" | "!=" | "<" | ">" | "<=" | ">=";
export type SetOperator = "and" | "or" | "unless";
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator;

/** How the series of two vectors are paired. */
export interface Matching {
  /** True: `labels` alone decide (`on`). False: all labels but these and the name (`ignoring`). */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Which side may have several series per match: `group_left` is "left". */
  readonly many: "left" | "right" | undefined;
  /** Labels that the result takes over from the side that has one series per match. */
  readonly include: readonly string[];
}

export interface Binary extends Span {
  readonly kind: "binary";
  readonly op: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  /** The `bool` modifier: compare to 0 or 1 instead of filtering. */
  readonly bool: boolean;
  readonly matching: Matching;
}

export interface Unary extends Span {
  readonly kind: "unary";
  readonly op: "+" | "-";
  readonly expr: Expr;
}

interface Paren extends Span {
  readonly kind: "paren";
  readonly expr: Expr;
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregation
  | Binary
  | Unary
  | Paren;

export function isComparison(op: BinaryOperator): op is ComparisonOperator {
  return op === "==" || op === "!=" || op === "<" || op === ">" || op === "<=" || op === ">=";
}

export function isSetOperator(op: BinaryOperator): op is SetOperator {
  return op === "and" || op === "or" || op === "unless";
}

/** The expression inside any parentheses around it. */
export function unparenthesised(expr: Expr): Exclude<Expr, Paren> {
  let inner = expr;
  while (inner.kind === "paren") inner = inner.expr;
  return inner;
}

import type { Binary, BinaryOperator, Expr, Unary } from "./ast.ts";

/** What stands between, before or behind operands, in the order of the text. */
export type Term =
  | { readonly kind: "operand"; readonly expr: Expr }
  | { readonly kind: "prefix"; readonly op: Unary["op"]; readonly from: number }
  | {
      readonly kind: "infix";
      readonly op: BinaryOperator;
      readonly modifiers: Pick<Binary, "bool" | "matching">;
    }
  | { readonly kind: "postfix"; readonly apply: (operand: Expr) => Expr };

const LEVELS: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  ">": 3,
  "<=": 3,
  ">=": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
  atan2: 5,
  "^": 7,
};

/** A sign binds closer than `*` and less close than `^`: `-2 ^ 2` is -4. */
const SIGN_LEVEL = 6;

/**
 * Puts a row of terms together by PromQL's precedence: ranges and modifiers bind closest, then `^` (from the right),
 * signs, and the other operators (from the left).
 */
export function combineTerms(terms: readonly Term[]): Expr {
  let next = 0;

  const operand = (): Expr => {
    const term = terms[next++];
    if (term?.kind === "prefix") {
      const expr = expression(SIGN_LEVEL);
      return { kind: "unary", op: term.op, expr, from: term.from, to: expr.to };
    }
    if (term?.kind !== "operand") throw new Error("operators and operands must alternate");
    let expr = term.expr;
    for (let behind = terms[next]; behind?.kind === "postfix"; behind = terms[++next])
      expr = behind.apply(expr);
    return expr;
  };

  const expression = (level: number): Expr => {
    let left = operand();
    for (let term = terms[next]; term?.kind === "infix" && LEVELS[term.op] >= level; term = terms[next]) {
      next++;
      const right = expression(term.op === "^" ? LEVELS["^"] : LEVELS[term.op] + 1);
      left = { kind: "binary", op: term.op, left, right, ...term.modifiers, from: left.from, to: right.to };
    }
    return left;
  };

  return expression(0);
}

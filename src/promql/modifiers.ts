import type { At, Expr, Subquery, VectorSelector } from "./ast.ts";

/** Throws a parse error at an expression. */
type Fail = (expr: Expr, message: string) => never;

export function withRange(operand: Expr, range: number, to: number, fail: Fail): Expr {
  if (operand.kind !== "vectorSelector") return fail(operand, "ranges only allowed for vector selectors");
  if (operand.offset !== 0) return fail(operand, "no offset modifiers allowed before range");
  if (operand.at) return fail(operand, "no @ modifiers allowed before range");
  return { kind: "matrixSelector", selector: operand, range, from: operand.from, to };
}

export function withSubquery(expr: Expr, range: number, step: number | undefined, to: number): Expr {
  return { kind: "subquery", expr, range, step, offset: 0, at: undefined, from: expr.from, to };
}

export function withOffset(operand: Expr, offset: number, to: number, fail: Fail): Expr {
  return modify(operand, to, "offset modifier", fail, (target) => {
    if (target.offset !== 0) fail(operand, "offset may not be set multiple times");
    return { ...target, offset };
  });
}

export function withAt(operand: Expr, at: At, to: number, fail: Fail): Expr {
  return modify(operand, to, "@ modifier", fail, (target) => {
    if (target.at) fail(operand, "@ <timestamp> may not be set multiple times");
    return { ...target, at };
  });
}

/** Changes the part of an operand that holds modifiers. */
function modify(
  operand: Expr,
  to: number,
  modifier: string,
  fail: Fail,
  change: <T extends VectorSelector | Subquery>(target: T) => T,
): Expr {
  switch (operand.kind) {
    case "vectorSelector":
      return { ...change(operand), to };
    case "subquery":
      return { ...change(operand), to };
    case "matrixSelector":
      return { ...operand, selector: change(operand.selector), to };
    default:
      return fail(
        operand,
        `${modifier} must be preceded by an instant vector selector or range vector selector or a subquery`,
      );
  }
}

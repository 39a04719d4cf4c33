import { type Expr, isComparison, isSetOperator, type ValueType } from "./ast.ts";
import { parseError, type QueryError } from "./error.ts";
import { type FunctionSignature, SIGNATURES } from "./signatures.ts";

/** The type of an expression's value. It has passed {@link checkTypes}. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "vectorSelector":
    case "aggregation":
      return "vector";
    case "matrixSelector":
    case "subquery":
      return "matrix";
    case "call":
      return SIGNATURES[expr.name]?.returns ?? "vector";
    case "binary":
      return typeOf(expr.left) === "scalar" && typeOf(expr.right) === "scalar" ? "scalar" : "vector";
    case "unary":
    case "paren":
      return typeOf(expr.expr);
    default:
      return expr satisfies never;
  }
}

export function documentedType(type: ValueType): string {
  return type === "vector" ? "instant vector" : type === "matrix" ? "range vector" : type;
}

/** @throws QueryError ("bad_data", with position) at the first expression whose parts do not fit together. */
export function checkTypes(query: string, root: Expr): void {
  const fail = (expr: { from: number }, message: string): QueryError => parseError(query, expr.from, message);

  const expect = (expr: Expr, wanted: ValueType, context: string): void => {
    const type = check(expr);
    if (type !== wanted)
      throw fail(expr, `expected type ${documentedType(wanted)} in ${context}, got ${documentedType(type)}`);
  };

  const check = (expr: Expr): ValueType => {
    switch (expr.kind) {
      case "aggregation":
        expect(expr.expr, "vector", "aggregation expression");
        if (expr.param)
          expect(expr.param, expr.name === "count_values" ? "string" : "scalar", "aggregation parameter");
        return "vector";
      case "binary":
        return checkBinary(expr);
      case "call": {
        const signature = SIGNATURES[expr.name];
        if (!signature) throw fail(expr, `function ${expr.name}() is not supported`);
        checkCount(expr, signature);
        expr.args.forEach((argument, i) => {
          const wanted = signature.args[Math.min(i, signature.args.length - 1)] as ValueType;
          expect(argument, wanted, `call to function "${expr.name}"`);
        });
        return signature.returns;
      }
      case "subquery": {
        const type = check(expr.expr);
        if (type !== "vector")
          throw fail(expr, `subquery is only allowed on instant vector, got ${documentedType(type)} instead`);
        return "matrix";
      }
      case "unary": {
        const type = check(expr.expr);
        if (type !== "scalar" && type !== "vector")
          throw fail(
            expr,
            `unary expression only allowed on expressions of type scalar or instant vector, got "${documentedType(type)}"`,
          );
        return type;
      }
      case "paren":
        return check(expr.expr);
      case "number":
      case "string":
      case "vectorSelector":
      case "matrixSelector":
        return typeOf(expr);
      default:
        return expr satisfies never;
    }
  };

  const checkBinary = (expr: Expr & { kind: "binary" }): ValueType => {
    const left = check(expr.left);
    const right = check(expr.right);
    for (const [side, type] of [
      [expr.left, left],
      [expr.right, right],
    ] as const)
      if (type !== "scalar" && type !== "vector")
        throw fail(side, "binary expression must contain only scalar and instant vector types");
    const scalars = left === "scalar" && right === "scalar";
    if (expr.bool && !isComparison(expr.op))
      throw fail(expr, "bool modifier can only be used on comparison operators");
    if (scalars && isComparison(expr.op) && !expr.bool)
      throw fail(expr, "comparisons between scalars must use BOOL modifier");
    if (left === "scalar" || right === "scalar") {
      if (isSetOperator(expr.op))
        throw fail(expr, `set operator "${expr.op}" not allowed in binary scalar expression`);
      if (expr.matching.labels.length > 0)
        throw fail(expr, "vector matching only allowed between instant vectors");
    }
    return scalars ? "scalar" : "vector";
  };

  const checkCount = (expr: Expr & { kind: "call" }, { args, optional }: FunctionSignature): void => {
    const got = expr.args.length;
    const least = args.length - (optional === 0 ? 0 : 1);
    const most = least + optional;
    const wanted = optional === 0 ? `${least}` : got < least ? `at least ${least}` : `at most ${most}`;
    if (got < least || got > most)
      throw fail(expr, `expected ${wanted} argument(s) in call to "${expr.name}", got ${got}`);
  };

  check(root);
}

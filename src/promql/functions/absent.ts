import { type Labels, labelsOf, METRIC_NAME } from "../../metrics/labels.ts";
import { type Expr, unparenthesised } from "../ast.ts";
import { anyPresent } from "../signature.ts";
import { type Column, type Context, emptyColumn, hasValues } from "../value.ts";

/** absent() and absent_over_time(): 1 at the steps where no column has a value, labelled by what was looked for. */
export function absent(columns: readonly Column[], argument: Expr, context: Context): Column[] {
  const present =
    columns.length === 0 ? new Uint8Array(context.grid.count) : anyPresent(columns, context.grid.count);
  const result = emptyColumn(labelsLookedFor(unparenthesised(argument)), context);
  for (let i = 0; i < present.length; i++) result.present[i] = 1 - present[i]!;
  result.values.fill(1);
  return hasValues(result) ? [result] : [];
}

/** The labels that a selector demands to be equal to something, each by one matcher only. */
function labelsLookedFor(expr: Expr): Labels {
  const selector = expr.kind === "matrixSelector" ? expr.selector : expr;
  if (selector.kind !== "vectorSelector") return [];
  const seen = new Set<string>();
  const values = new Map<string, string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === "=" && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else values.delete(name);
  }
  return labelsOf(values);
}

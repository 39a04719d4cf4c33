import { aggregate } from "./aggregate.ts";
import { type Aggregation, type Call, type Expr, unparenthesised, type VectorSelector } from "./ast.ts";
import { evaluateBinary } from "./binary.ts";
import { absent } from "./functions/absent.ts";
import { callFunction, RANGE_FUNCTIONS } from "./functions/index.ts";
import { type Bounds, type Grid, referenceOf, subqueryGrid } from "./grid.ts";
import { selectInstant } from "./instant.ts";
import { withoutName } from "./labelset.ts";
import type { Budget } from "./limits.ts";
import {
  applyRangeFunction,
  columnSamples,
  type RangeFunction,
  type RangeVector,
  withoutStaleMarkers,
} from "./range.ts";
import type { SeriesSamples } from "./source.ts";
import { type Column, type Context, emptyColumn, mergeSameLabels, scalarOf, type Value } from "./value.ts";

/** Evaluates each node of an expression once, over the whole grid, from samples that were read before. */
export class Evaluator {
  readonly #samples: ReadonlyMap<VectorSelector, readonly SeriesSamples[]>;
  readonly #bounds: Bounds;
  readonly #budget: Budget;

  constructor(
    samples: ReadonlyMap<VectorSelector, readonly SeriesSamples[]>,
    bounds: Bounds,
    budget: Budget,
  ) {
    this.#samples = samples;
    this.#bounds = bounds;
    this.#budget = budget;
  }

  /** @throws QueryError ("execution", "limit", "timeout"). */
  evaluate(expr: Expr, grid: Grid): Value {
    const context: Context = { grid, budget: this.#budget };
    this.#budget.checkDeadline();
    switch (expr.kind) {
      case "number":
        return scalarOf(context, () => expr.value);
      case "string":
        return { type: "string", value: expr.value };
      case "vectorSelector":
        return { type: "vector", columns: this.#instant(expr, context) };
      case "paren":
        return this.evaluate(expr.expr, grid);
      case "unary":
        return expr.op === "-"
          ? negate(this.evaluate(expr.expr, grid), context)
          : this.evaluate(expr.expr, grid);
      case "binary":
        return evaluateBinary(expr, this.evaluate(expr.left, grid), this.evaluate(expr.right, grid), context);
      case "aggregation":
        return { type: "vector", columns: this.#aggregate(expr, context) };
      case "call":
        return this.#call(expr, context);
      case "matrixSelector":
      case "subquery":
        throw new Error("a range vector has no value per step");
      default:
        return expr satisfies never;
    }
  }

  /** The series of a range selector or subquery, from which every step of the grid takes its window. */
  rangeVector(expr: Expr, grid: Grid): RangeVector {
    if (expr.kind === "matrixSelector") {
      const series = this.#seriesOf(expr.selector).map(withoutStaleMarkers);
      return { series, range: expr.range, reference: referenceOf(expr.selector, this.#bounds) };
    }
    if (expr.kind !== "subquery") throw new Error("expected a range vector, though types were checked");
    const reference = referenceOf(expr, this.#bounds);
    const inner: Context = { grid: subqueryGrid(expr, reference, grid), budget: this.#budget };
    const value: Value =
      inner.grid.count > 0 ? this.evaluate(expr.expr, inner.grid) : { type: "vector", columns: [] };
    if (value.type !== "vector")
      throw new Error("expected a vector in a subquery, though types were checked");
    return {
      series: value.columns.map((column) => columnSamples(column, inner)),
      range: expr.range,
      reference,
    };
  }

  #instant(selector: VectorSelector, context: Context, sampleTimes = false): Column[] {
    const reference = referenceOf(selector, this.#bounds);
    return selectInstant(this.#seriesOf(selector), reference, context, sampleTimes);
  }

  #seriesOf(selector: VectorSelector): readonly SeriesSamples[] {
    return this.#samples.get(selector) ?? [];
  }

  #aggregate(node: Aggregation, context: Context): Column[] {
    const param = node.param && this.evaluate(node.param, context.grid);
    const value = this.evaluate(node.expr, context.grid);
    if (value.type !== "vector" || param?.type === "vector")
      throw new Error("expected a vector and a scalar, though types were checked");
    return aggregate(node, value.columns, param?.type === "string" ? param.value : param?.values, context);
  }

  #call(call: Call, context: Context): Value {
    const { grid } = context;
    if (call.name === "absent_over_time") {
      const present = this.#overRange(call, RANGE_FUNCTIONS.get("present_over_time")!, context, true);
      return { type: "vector", columns: absent(present, call.args[0]!, context) };
    }
    const rangeFunction = RANGE_FUNCTIONS.get(call.name);
    if (rangeFunction) return { type: "vector", columns: this.#overRange(call, rangeFunction, context) };
    const selector = call.args[0] && unparenthesised(call.args[0]);
    if (call.name === "timestamp" && selector?.kind === "vectorSelector") {
      const columns = this.#instant(selector, context, true);
      return {
        type: "vector",
        columns: mergeSameLabels(
          columns.map((column) => ({ ...column, labels: withoutName(column.labels) })),
        ),
      };
    }
    return callFunction(
      call,
      call.args.map((argument) => this.evaluate(argument, grid)),
      context,
    );
  }

  #overRange(call: Call, fn: RangeFunction, context: Context, mayRepeatLabels = false): Column[] {
    let vector: RangeVector | undefined;
    let param: Float64Array | undefined;
    for (const argument of call.args) {
      const inner = unparenthesised(argument);
      if (inner.kind === "matrixSelector" || inner.kind === "subquery") {
        vector = this.rangeVector(inner, context.grid);
        continue;
      }
      const value = this.evaluate(inner, context.grid);
      if (value.type === "scalar") param = value.values;
    }
    if (!vector) throw new Error(`${call.name}() needs a range vector, though types were checked`);
    return applyRangeFunction(mayRepeatLabels ? { ...fn, keepsName: true } : fn, vector, param, context);
  }
}

function negate(value: Value, context: Context): Value {
  if (value.type === "string") throw new Error("a string has no sign, though types were checked");
  if (value.type === "scalar") return scalarOf(context, (i) => -value.values[i]!);
  const columns = value.columns.map((column) => {
    const result = emptyColumn(withoutName(column.labels), context);
    result.present.set(column.present);
    for (let i = 0; i < column.values.length; i++) result.values[i] = -column.values[i]!;
    return result;
  });
  return { type: "vector", columns: mergeSameLabels(columns) };
}

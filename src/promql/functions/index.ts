import type { Call } from "../ast.ts";
import { withoutName } from "../labelset.ts";
import type { RangeFunction } from "../range.ts";
import {
  type Column,
  type Context,
  emptyColumn,
  hasValues,
  mergeSameLabels,
  scalarOf,
  type Value,
} from "../value.ts";
import { absent } from "./absent.ts";
import { DATE_FUNCTIONS } from "./dates.ts";
import { EACH_FUNCTIONS, type EachFunction } from "./each.ts";
import { histogramQuantile } from "./histogram.ts";
import { labelJoin, labelReplace } from "./labels.ts";
import { OVER_TIME_FUNCTIONS } from "./over_time.ts";
import { RATE_FUNCTIONS } from "./rate.ts";
import { REGRESSION_FUNCTIONS } from "./regression.ts";
import { scalarFromVector, vectorFromScalar } from "./scalar.ts";
import { sortByValue } from "./sort.ts";

/** The functions of a range vector, by name. absent_over_time() is evaluated from present_over_time(). */
export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map(
  Object.entries({ ...RATE_FUNCTIONS, ...OVER_TIME_FUNCTIONS, ...REGRESSION_FUNCTIONS }),
);

const EACH = new Map<string, EachFunction>(Object.entries({ ...EACH_FUNCTIONS, ...DATE_FUNCTIONS }));

/**
 * The value of a call of a function without range vector; the arguments fit its signature.
 * @throws QueryError ("execution", "limit", "timeout", "bad_data" for a bad pattern).
 */
export function callFunction(call: Call, args: readonly Value[], context: Context): Value {
  const { grid } = context;
  const time = (i: number): number => (grid.start + i * grid.step) / 1000;
  const vector = (columns: Column[]): Value => ({ type: "vector", columns });
  const each = EACH.get(call.name);
  if (each) {
    const columns = args.length === 0 ? [vectorFromScalar(timesOf(context), context)] : columnsOf(args[0]);
    return vector(applyEach(each, columns, args.slice(1).map(numbersOf), context));
  }
  switch (call.name) {
    case "time":
      return scalarOf(context, time);
    case "pi":
      return scalarOf(context, () => Math.PI);
    case "scalar":
      return scalarFromVector(columnsOf(args[0]), context);
    case "vector":
      return vector([vectorFromScalar(numbersOf(args[0]), context)]);
    case "timestamp":
      return vector(applyEach((_value, at) => at, columnsOf(args[0]), [timesOf(context)], context));
    case "absent":
      return vector(absent(columnsOf(args[0]), call.args[0]!, context));
    case "sort":
    case "sort_desc":
      return vector(sortByValue(columnsOf(args[0]), call.name === "sort_desc", context));
    case "clamp": {
      const [min, max] = [numbersOf(args[1]), numbersOf(args[2])];
      return vector(clamp(columnsOf(args[0]), min, max, context));
    }
    case "histogram_quantile":
      return vector(histogramQuantile(numbersOf(args[0]), columnsOf(args[1]), context));
    case "label_replace":
      return vector(
        labelReplace(columnsOf(args[0]), args.slice(1).map(textOf) as [string, string, string, string]),
      );
    case "label_join":
      return vector(
        labelJoin(columnsOf(args[0]), args.slice(1).map(textOf) as [string, string, ...string[]]),
      );
    default:
      throw new Error(`function ${call.name}() has a signature but no definition`);
  }
}

function applyEach(
  each: EachFunction,
  columns: readonly Column[],
  [a, b]: readonly Float64Array[],
  context: Context,
): Column[] {
  const results = columns.map((column) => {
    context.budget.work(context.grid.count);
    const result = emptyColumn(withoutName(column.labels), context);
    result.present.set(column.present);
    for (let i = 0; i < column.values.length; i++)
      if (column.present[i] === 1)
        result.values[i] = each(column.values[i]!, a ? a[i]! : Number.NaN, b ? b[i]! : Number.NaN);
    return result;
  });
  return mergeSameLabels(results);
}

/** Gives no values at the steps where `max < min`. */
function clamp(columns: readonly Column[], min: Float64Array, max: Float64Array, context: Context): Column[] {
  for (const { present } of columns)
    for (let i = 0; i < present.length; i++) if (max[i]! < min[i]!) present[i] = 0;
  const limit: EachFunction = (value, a, b) => Math.max(a, Math.min(b, value));
  return applyEach(limit, columns.filter(hasValues), [min, max], context);
}

function timesOf({ grid }: Context): Float64Array {
  return Float64Array.from({ length: grid.count }, (_, i) => (grid.start + i * grid.step) / 1000);
}

function columnsOf(value: Value | undefined): Column[] {
  if (value?.type !== "vector") throw new Error("expected a vector, though types were checked");
  return value.columns;
}

function numbersOf(value: Value | undefined): Float64Array {
  if (value?.type !== "scalar") throw new Error("expected a scalar, though types were checked");
  return value.values;
}

function textOf(value: Value | undefined): string {
  if (value?.type !== "string") throw new Error("expected a string, though types were checked");
  return value.value;
}

import { type Column, type Context, emptyColumn, scalarOf, type Value } from "../value.ts";

/** scalar(): the value of the only series at each step, NaN when there are none or several. */
export function scalarFromVector(columns: readonly Column[], context: Context): Value {
  return scalarOf(context, (i) => {
    let value = Number.NaN;
    let seen = 0;
    for (const column of columns) {
      if (column.present[i] === 0) continue;
      if (++seen > 1) return Number.NaN;
      value = column.values[i]!;
    }
    return value;
  });
}

/** vector(): one series without labels. */
export function vectorFromScalar(values: Float64Array, context: Context): Column {
  const column = emptyColumn([], context);
  column.values.set(values);
  column.present.fill(1);
  return column;
}

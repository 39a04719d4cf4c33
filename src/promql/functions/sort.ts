import type { Column, Context } from "../value.ts";

/** sort() and sort_desc(): by value, NaN last. Results of range queries are sorted by labels, so there they do nothing. */
export function sortByValue(columns: readonly Column[], descending: boolean, { grid }: Context): Column[] {
  if (grid.count > 1) return [...columns];
  return [...columns].sort((a, b) => {
    const x = a.values[0]!;
    const y = b.values[0]!;
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return descending ? y - x || 0 : x - y || 0;
  });
}

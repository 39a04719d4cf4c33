import { labelValue } from "../../metrics/labels.ts";
import { executionError, QueryError } from "../error.ts";
import { setLabel } from "../labelset.ts";
import { compileRegex, type RegexMatch } from "../regex.ts";
import { type Column, mergeSameLabels } from "../value.ts";

/** Characters in a label value that a query makes; nested calls could double it each time. */
const MAX_VALUE_LENGTH = 8_192;

/**
 * label_replace(): where the label `source` matches, sets `target` to `replacement` with its `$1` and `${name}`.
 * @throws QueryError: "execution" for a bad name or series made alike, "bad_data" for a bad pattern.
 */
export function labelReplace(
  columns: readonly Column[],
  [target, replacement, source, pattern]: readonly [string, string, string, string],
): Column[] {
  if (target === "") throw executionError('invalid destination label name in label_replace(): ""');
  const regex = compileRegex(pattern);
  return relabel(columns, target, (column) => {
    const match = regex.match(labelValue(column.labels, source));
    return match ? expand(replacement, match) : undefined;
  });
}

/** label_join(): sets `target` to the values of `sources`, joined. @throws QueryError ("execution"). */
export function labelJoin(
  columns: readonly Column[],
  [target, separator, ...sources]: readonly [string, string, ...string[]],
): Column[] {
  if (target === "") throw executionError('invalid destination label name in label_join(): ""');
  if (sources.includes("")) throw executionError('invalid source label name in label_join(): ""');
  return relabel(columns, target, ({ labels }) =>
    sources.map((name) => labelValue(labels, name)).join(separator),
  );
}

function relabel(
  columns: readonly Column[],
  target: string,
  newValue: (column: Column) => string | undefined,
): Column[] {
  const relabelled = columns.map((column) => {
    const value = newValue(column);
    if (value && value.length > MAX_VALUE_LENGTH)
      throw new QueryError(
        "limit",
        `label value too long: at most ${MAX_VALUE_LENGTH} characters are allowed, ${target} would have ${value.length}. Join fewer labels`,
      );
    const labels = value === undefined ? column.labels : setLabel(column.labels, target, value);
    return { ...column, labels };
  });
  return mergeSameLabels(relabelled);
}

/** Go's templates: the longest name after `$` counts, so `$1x` is the group "1x"; unknown groups are empty. */
function expand(template: string, { groups, named }: RegexMatch): string {
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced, bare) => {
    if (whole === "$$") return "$";
    const name: string = braced ?? bare;
    return (/^\d+$/.test(name) ? groups[Number(name)] : named.get(name)) ?? "";
  });
}

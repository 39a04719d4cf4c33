import type { ValueType } from "./ast.ts";

export interface FunctionSignature {
  readonly args: readonly ValueType[];
  /** How often the last argument may occur when that is not exactly once: 1 makes it optional. */
  readonly optional: number;
  readonly returns: ValueType;
}

const signature = (
  args: readonly ValueType[],
  returns: ValueType = "vector",
  optional = 0,
): FunctionSignature => ({
  args,
  optional,
  returns,
});

const all = (names: string, form: FunctionSignature): Record<string, FunctionSignature> =>
  Object.fromEntries(names.split(" ").map((name) => [name, form]));

/** Every function of the language that is supported. What they do stands in functions/. */
export const SIGNATURES: Readonly<Record<string, FunctionSignature>> = Object.assign(Object.create(null), {
  ...all(
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp",
    signature(["vector"]),
  ),
  ...all(
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time",
    signature(["matrix"]),
  ),
  ...all(
    "day_of_month day_of_week day_of_year days_in_month hour minute month year",
    signature(["vector"], "vector", 1),
  ),
  ...all("pi time", signature([], "scalar")),
  scalar: signature(["vector"], "scalar"),
  vector: signature(["scalar"]),
  clamp: signature(["vector", "scalar", "scalar"]),
  clamp_max: signature(["vector", "scalar"]),
  clamp_min: signature(["vector", "scalar"]),
  round: signature(["vector", "scalar"], "vector", 1),
  predict_linear: signature(["matrix", "scalar"]),
  quantile_over_time: signature(["scalar", "matrix"]),
  histogram_quantile: signature(["scalar", "vector"]),
  label_replace: signature(["vector", "string", "string", "string", "string"]),
  label_join: signature(["vector", "string", "string", "string"], "vector", Number.POSITIVE_INFINITY),
});

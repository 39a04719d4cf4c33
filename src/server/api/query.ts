import type { QueryParams } from "../../promql/grid.ts";
import type { QueryFailure } from "../../store/types.ts";
import type { AppContext } from "../services.ts";
import { apiError, encodedData } from "./answers.ts";
import { durationParameter, invalid, ParameterError, parametersOf, timeParameter } from "./parameters.ts";

/** As in Prometheus: a range query never has more points per series than a screen can show. */
const MAX_POINTS = 11_000;

/** `query`, `time` (default: now). */
export async function query(c: AppContext): Promise<Response> {
  return answer(c, (parameters) => ({
    kind: "instant",
    time: timeParameter(parameters, "time", c.var.services.clock.now()),
  }));
}

/** `query`, `start`, `end`, `step`. */
export async function queryRange(c: AppContext): Promise<Response> {
  return answer(c, (parameters) => {
    const start = timeParameter(parameters, "start");
    const end = timeParameter(parameters, "end");
    if (end < start) throw invalid("end", "end timestamp must not be before start time");
    const step = durationParameter(parameters, "step");
    if (step <= 0)
      throw invalid(
        "step",
        "zero or negative query resolution step widths are not accepted. Try a positive integer",
      );
    if ((end - start) / step > MAX_POINTS)
      throw new ParameterError(
        `exceeded maximum resolution of ${MAX_POINTS.toLocaleString("en")} points per timeseries. ` +
          "Try decreasing the query resolution (?step=XX)",
      );
    return { kind: "range", start, end, step };
  });
}

async function answer(
  c: AppContext,
  paramsOf: (parameters: URLSearchParams) => QueryParams,
): Promise<Response> {
  const parameters = await parametersOf(c);
  const params = paramsOf(parameters);
  const outcome = await c.var.services.store.query(parameters.get("query") ?? "", params);
  return outcome.ok ? encodedData(c, outcome.json) : queryFailure(c, outcome.error, "query");
}

/** @param parameter what the query or selector came in. */
export function queryFailure(c: AppContext, failure: QueryFailure, parameter: string): Response {
  switch (failure.kind) {
    case "bad_data":
      return apiError(c, 400, "bad_data", `invalid parameter "${parameter}": ${failure.message}`);
    case "timeout":
      return apiError(c, 503, "timeout", failure.message);
    case "execution":
    case "limit":
      return apiError(c, 422, "execution", failure.message);
    default:
      return failure.kind satisfies never;
  }
}

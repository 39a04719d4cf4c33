import { parseDuration } from "../../promql/duration.ts";
import { formFields } from "../form.ts";
import type { AppContext } from "../services.ts";

/** A request's parameter is missing or malformed. The message is the answer's `error`. */
export class ParameterError extends Error {
  override readonly name = "ParameterError";
}

/** The parameters of the URL and, for a form POST, of the body. */
export async function parametersOf(c: AppContext): Promise<URLSearchParams> {
  const parameters = new URL(c.req.url).searchParams;
  if (c.req.method !== "POST") return parameters;
  const fields = await formFields(c);
  if (fields === undefined)
    throw new ParameterError(
      `cannot read a body of type "${c.req.header("content-type") ?? ""}": send application/x-www-form-urlencoded parameters`,
    );
  for (const [name, value] of fields) parameters.append(name, value);
  return parameters;
}

/**
 * Unix seconds (fractions allowed) or RFC 3339, in milliseconds since the epoch.
 * @throws ParameterError when it is missing without a default, or neither of the two.
 */
export function timeParameter(parameters: URLSearchParams, name: string, fallback?: number): number {
  const text = parameters.get(name);
  if (text === null || text === "") {
    if (fallback !== undefined) return fallback;
    throw invalid(name, `cannot parse "" to a valid timestamp`);
  }
  const time = DECIMAL.test(text)
    ? Math.round(Number(text) * 1000)
    : RFC3339.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (!Number.isFinite(time) || Math.abs(time) > MAX_TIME_MS)
    throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return time;
}

/**
 * Seconds (fractions allowed) or a PromQL duration such as `5m` or `1h30m`, in milliseconds.
 * @throws ParameterError when it is missing without a default, or neither of the two.
 */
export function durationParameter(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? "";
  const duration = DECIMAL.test(text) ? Math.round(Number(text) * 1000) : parseDuration(text);
  if (duration === undefined || Math.abs(duration) > MAX_TIME_MS)
    throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  return duration;
}

/** A positive whole number, or undefined when absent or 0, which is "no limit" in Prometheus. */
export function limitParameter(parameters: URLSearchParams): number | undefined {
  const text = parameters.get("limit");
  if (text === null || text === "") return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid("limit", "limit must be non-negative");
  return Number(text) || undefined;
}

export function invalid(name: string, reason: string): ParameterError {
  return new ParameterError(`invalid parameter ${JSON.stringify(name)}: ${reason}`);
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;
/** The furthest time that a Date can hold. */
const MAX_TIME_MS = 8.64e15;

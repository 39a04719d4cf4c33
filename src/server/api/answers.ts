import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { AppContext } from "../services.ts";

/** Prometheus's `errorType`, and those that dcmon adds for what Prometheus leaves to a proxy. */
type ErrorType =
  | "bad_data"
  | "execution"
  | "timeout"
  | "not_found"
  | "unavailable"
  | "unauthorized"
  | "forbidden";

/** `{"status":"error","errorType":…,"error":…}`, the shape of every error under `/api`. */
export function apiError(
  c: AppContext,
  status: ContentfulStatusCode,
  errorType: ErrorType,
  error: string,
): Response {
  return c.json({ status: "error", errorType, error }, status);
}

/** `{"status":"success","data":…}`. */
export function apiData(c: AppContext, data: unknown, warnings: readonly string[] = []): Response {
  return c.json({ status: "success", data, ...(warnings.length > 0 && { warnings }) });
}

const PREFIX = new TextEncoder().encode('{"status":"success","data":');
const SUFFIX = new TextEncoder().encode("}");

/** As {@link apiData}, around JSON that is already encoded. */
export function encodedData(c: AppContext, data: Uint8Array): Response {
  const body = new Uint8Array(PREFIX.length + data.length + SUFFIX.length);
  body.set(PREFIX);
  body.set(data, PREFIX.length);
  body.set(SUFFIX, PREFIX.length + data.length);
  return c.body(body, 200, { "Content-Type": "application/json" });
}

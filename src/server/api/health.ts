import type { AppContext } from "../services.ts";

/**
 * Whether the server does its work, for load balancers and watchdogs: 200 with `"status":"ok"`, or 503 with
 * `"status":"degraded"` while nothing can be stored. Says nothing that a stranger may not know.
 */
export function showHealth(c: AppContext): Response {
  const { store, version } = c.var.services;
  const writable = store.stats().trouble === undefined;
  return c.json(
    { status: writable ? "ok" : "degraded", version, storage: writable ? "ok" : "not writable" },
    writable ? 200 : 503,
  );
}

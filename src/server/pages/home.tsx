import { accepts } from "hono/accepts";
import type { AppContext } from "../services.ts";

/** A browser goes to the dashboard; a JSON client learns what this is. */
export function showHome(c: AppContext): Response {
  const { clock, links, store, version } = c.var.services;
  const type = accepts(c, {
    header: "Accept",
    supports: ["application/json", "text/html"],
    default: "application/json",
  });
  c.header("Vary", "Accept");
  if (type === "text/html") return c.redirect(links.dashboard, 302);
  return c.json({
    service: "dcmon",
    status: store.stats().trouble === undefined ? "ok" : "degraded",
    version,
    clients: store.clients.all().length,
    time: new Date(clock.now()).toISOString(),
  });
}

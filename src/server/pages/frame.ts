import type { JSX } from "hono/jsx/jsx-runtime";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { PageFrame } from "../../../views/layout.tsx";
import type { AppContext } from "../services.ts";

export function frameOf(c: AppContext): PageFrame {
  const { principal, services } = c.var;
  const csrf = principal.kind === "session" ? principal.session.csrf : undefined;
  return { links: services.links, version: services.version, csrf };
}

/** A whole document. Fragments go through `c.html`. */
export function page(c: AppContext, document: JSX.Element, status?: ContentfulStatusCode): Response {
  return c.html(`<!doctype html>${document}`, status);
}

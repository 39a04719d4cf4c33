import { timingSafeEqual } from "node:crypto";
import { getCookie } from "hono/cookie";
import type { MiddlewareHandler } from "hono/types";
import { apiError } from "./api/answers.ts";
import { formFields } from "./form.ts";
import type { Principal } from "./principal.ts";
import type { Route } from "./route.ts";
import type { AppContext, AppEnv, Services } from "./services.ts";
import { SESSION_COOKIE } from "./sessions.ts";

/** Finds out who asks and keeps it at `c.var.principal`. Decides nothing. */
export const identify: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.set("principal", principalOf(c));
  await next();
};

function principalOf(c: AppContext): Principal {
  const { services } = c.var;
  const header = c.req.header("authorization");
  if (header !== undefined)
    return isAdminToken(services, tokenIn(header)) ? { kind: "token" } : { kind: "anonymous" };
  const cookie = getCookie(c, SESSION_COOKIE);
  const session = cookie === undefined ? undefined : services.sessions.find(cookie);
  return session === undefined ? { kind: "anonymous" } : { kind: "session", session };
}

/** Compares digests, so the time taken says nothing about how much of a guess is right. */
export function isAdminToken(services: Services, token: string): boolean {
  const digest = new Bun.CryptoHasher("sha256").update(token).digest();
  return timingSafeEqual(digest, services.adminTokenDigest);
}

/** The token in `Bearer <token>` or `Basic base64(admin:<token>)`; empty when there is none. */
function tokenIn(authorization: string): string {
  const [, scheme = "", credentials = ""] = /^(\S+) +(\S+)$/.exec(authorization.trim()) ?? [];
  if (scheme.toLowerCase() === "bearer") return credentials;
  if (scheme.toLowerCase() !== "basic" || !/^[A-Za-z0-9+/]*={0,2}$/.test(credentials)) return "";
  const [user, ...password] = Buffer.from(credentials, "base64").toString("utf8").split(":");
  return user === "admin" ? password.join(":") : "";
}

/** Lets a request through to `route` or answers it. Runs at dispatch, for every route. */
export function authorise(route: Route): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { principal, services } = c.var;
    if (route.access !== "public" && principal.kind === "anonymous") return unauthenticated(c, route);
    const fault = await forgeryFault(c, route, principal);
    if (fault !== undefined) return forbidden(c, route, fault);
    // Queries wait in a queue and have a timeout of their own. A stranger's request has seconds.
    if (route.access !== "public") c.env?.awaitAnswer?.();
    if (principal.kind === "session") services.sessions.prolong(principal.session);
    return next();
  };
}

/**
 * Why an unsafe request may have been made by another site's page, or undefined when it cannot have been.
 * A request that carries no cookie has no authority to abuse; one with an `Authorization` header was made on purpose.
 */
async function forgeryFault(c: AppContext, route: Route, principal: Principal): Promise<string | undefined> {
  if (route.method === "GET" || c.req.header("authorization") !== undefined) return undefined;
  const isForm = route.audience === "page";
  if (c.req.header("cookie") === undefined && !isForm) return undefined;
  const origin = c.req.header("origin");
  const expected = new URL(c.req.url).origin;
  if (origin !== expected)
    return `Cannot accept this request: its Origin is ${origin ?? "missing"}, expected ${expected}.`;
  if (principal.kind !== "session") return undefined;
  const csrf = c.req.header("x-csrf-token") ?? (isForm ? (await formFields(c))?.get("csrf") : undefined);
  if (csrf !== principal.session.csrf)
    return "Cannot accept this request: its CSRF token is not the session's. Reload the page and try again.";
  return undefined;
}

function unauthenticated(c: AppContext, route: Route): Response | Promise<Response> {
  if (route.audience === "api") {
    c.header("WWW-Authenticate", 'Bearer realm="dcmon"');
    return apiError(
      c,
      401,
      "unauthorized",
      'a valid token is needed: send "Authorization: Bearer <token>" or Basic "admin:<token>"',
    );
  }
  const { links } = c.var.services;
  // A part of a page that refreshes itself: the page around it is where to go on after the login.
  const isPart = c.req.header("hx-request") !== undefined;
  const shown = isPart ? (c.req.header("hx-current-url") ?? links.dashboard) : c.req.url;
  const asked = URL.parse(shown, c.req.url) ?? new URL(c.req.url);
  const hadSession = isPart || getCookie(c, SESSION_COOKIE) !== undefined;
  const parameters = { next: asked.pathname + asked.search, ...(hadSession && { ended: "1" }) };
  const login = `${links.login}?${new URLSearchParams(parameters)}`;
  if (!isPart) return c.redirect(login, 303);
  c.header("HX-Redirect", login);
  return c.body(null, 401);
}

function forbidden(c: AppContext, route: Route, message: string): Response {
  return route.audience === "api" ? apiError(c, 403, "forbidden", message) : c.text(`${message}\n`, 403);
}

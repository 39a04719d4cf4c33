import { LoginPage } from "../../../views/pages/login.tsx";
import { isAdminToken } from "../access.ts";
import { isLoopback, senderOf } from "../address.ts";
import { formFields } from "../form.ts";
import type { AppContext } from "../services.ts";
import { expiredSessionCookie, sessionCookie } from "../sessions.ts";
import { frameOf, page } from "./frame.ts";

export function showLogin(c: AppContext): Response {
  const next = safePath(c, c.req.query("next"));
  if (c.var.principal.kind !== "anonymous") return c.redirect(next, 303);
  return form(c, 200, next, { ended: c.req.query("ended") !== undefined });
}

/**
 * Logs in with the admin token. A session that the browser had before ends: nobody can plant one. The right token is
 * always taken, whatever others have tried from anywhere: limits are for failures.
 */
export async function createSession(c: AppContext): Promise<Response> {
  const { log, sessions } = c.var.services;
  const { principal } = c.var;
  const fields = await formFields(c);
  if (fields === undefined) return c.text("A login is sent as application/x-www-form-urlencoded.\n", 415);
  const next = safePath(c, fields.get("next"));
  if (!isAdminToken(c.var.services, fields.get("token")?.trim() ?? "")) return refused(c, next);
  if (principal.kind === "session") sessions.remove(principal.session);
  c.header("Set-Cookie", sessionCookie(sessions.create()));
  log.info("logged in", { address: c.env?.address ?? "" });
  return c.redirect(next, 303);
}

function refused(c: AppContext, next: string): Response {
  const { log, loginFailures } = c.var.services;
  const address = c.env?.address ?? "";
  const sender = senderOf(address);
  const wait = loginFailures.wait(sender);
  if (wait > 0) {
    c.header("Retry-After", String(wait));
    return form(c, 429, next, { error: `Too many attempts. Wait ${wait} s, then try again.` });
  }
  loginFailures.count(sender);
  log.warn("login refused: wrong token", { address });
  const error = "This is not the admin token. Compare it with the file on the server.";
  return form(c, 401, next, { error });
}

export function deleteSession(c: AppContext): Response {
  const { links, sessions } = c.var.services;
  if (c.var.principal.kind === "session") sessions.remove(c.var.principal.session);
  c.header("Set-Cookie", expiredSessionCookie());
  return c.redirect(links.login, 303);
}

function form(
  c: AppContext,
  status: 200 | 401 | 429,
  next: string,
  said: { error?: string; ended?: boolean },
): Response {
  // Where files lie on the server is for those who are on it.
  const tokenFile = isLoopback(c.env?.address ?? "") ? c.var.services.adminTokenFile : undefined;
  return page(c, <LoginPage frame={frameOf(c)} next={next} tokenFile={tokenFile} {...said} />, status);
}

/** A path on this server, or the dashboard: a login must not lead elsewhere. */
function safePath(c: AppContext, next: unknown): string {
  const { links } = c.var.services;
  const here = new URL(c.req.url).origin;
  const url = typeof next === "string" && next.startsWith("/") ? URL.parse(next, here) : null;
  return url?.origin === here ? url.pathname + url.search : links.dashboard;
}

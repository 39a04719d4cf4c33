import { type Handler, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { manifest } from "../../static/manifest.ts";
import { ProblemPage } from "../../views/pages/problem.tsx";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { QueryError } from "../promql/error.ts";
import { authorise, identify } from "./access.ts";
import { apiError } from "./api/answers.ts";
import { ParameterError } from "./api/parameters.ts";
import { queryFailure } from "./api/query.ts";
import type { AppStore } from "./app_store.ts";
import { Assets } from "./assets.ts";
import type { StatusRules } from "./client_status.ts";
import { FailureLimit } from "./failure_limit.ts";
import { Fleet } from "./fleet.ts";
import { securityHeaders } from "./headers.ts";
import { HostList } from "./hosts.ts";
import { linksOf } from "./links.ts";
import { frameOf, page } from "./pages/frame.ts";
import { Rate } from "./rate.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";
import type { AppContext, AppEnv, EnrolmentService, Services } from "./services.ts";
import { Sessions } from "./sessions.ts";

interface AppOptions {
  readonly store: AppStore;
  readonly enrolment: EnrolmentService;
  readonly adminToken: string;
  /** Shown to people who log in. */
  readonly adminTokenFile: string;
  /** The names and addresses in the server's certificate: no other `Host` is answered. */
  readonly names: () => readonly string[];
  /** What makes a client online, stale or down. */
  readonly statusRules: StatusRules;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

/** No request here has a reason to be larger: a certificate request, a login, a query. */
export const MAX_BODY_BYTES = 64 * 1024;

/** Wrong tokens alone count, and they alone are limited: nobody keeps out who has the right one. */
const LOGIN_LIMITS = { perAddress: 5, global: 60 };

/** Log lines about requests that failed: what fails once fails for everybody who asks. */
const COMPLAINT_RATE = { burst: 20, perMinute: 20 };

/** The whole HTTP side of the server, without a listener: `app.fetch(request, { address })`. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  const services = servicesOf(options);
  const app = new Hono<AppEnv>();
  app.use(securityHeaders);
  app.use(async (c, next) => {
    c.set("services", services);
    c.set("principal", { kind: "anonymous" });
    await next();
  });
  app.use(refuseForeignHosts);
  app.use(compress({ threshold: 2048 }));
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => tooLarge(c as AppContext) }));
  app.use(identify);
  for (const route of Object.values<Route>(routes))
    app.on(route.method, route.path, authorise(route), route.handle);
  for (const path of new Set(Object.values<Route>(routes).map((route) => route.path)))
    app.all(path, methodNotAllowed(path));
  app.notFound((c) => notFound(c));
  const complaints = new Rate(options.clock, COMPLAINT_RATE);
  app.onError((error, c) => failed(error, c, complaints));
  return app;
}

function servicesOf(options: AppOptions): Services {
  const { adminToken, adminTokenFile, clock, enrolment, log, store, version } = options;
  const assets = new Assets();
  const links = linksOf(routes, (name) => assets.hashedName(name));
  assets.add("manifest.webmanifest", manifest(links.dashboard, links.asset("icon.svg")));
  return {
    store,
    enrolment,
    sessions: new Sessions(store.sessions, clock),
    loginFailures: new FailureLimit(clock, LOGIN_LIMITS),
    adminTokenDigest: new Bun.CryptoHasher("sha256").update(adminToken).digest(),
    adminTokenFile,
    hosts: new HostList(options.names),
    assets,
    links,
    fleet: new Fleet(store, clock, log),
    statusRules: options.statusRules,
    clock,
    log,
    version,
  };
}

async function refuseForeignHosts(c: AppContext, next: () => Promise<void>): Promise<Response | undefined> {
  const { hosts } = c.var.services;
  const asked = new URL(c.req.url).host;
  const host = c.req.header("host") ?? asked;
  if (hosts.allows(host) && hosts.allows(asked)) {
    await next();
    return undefined;
  }
  return c.text(
    `This server does not answer to the name "${host.slice(0, 200)}". ` +
      'Use a name that is in its certificate, or add this one to "server.names" and restart the server.\n',
    421,
  );
}

function methodNotAllowed(path: string): Handler<AppEnv> {
  const methods = Object.values<Route>(routes).filter((route) => route.path === path);
  const allow = [
    ...new Set(methods.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]))),
  ];
  return (c) => {
    c.header("Allow", allow.join(", "));
    const message = `${c.req.method} is not supported here; use ${allow.join(" or ")}`;
    return methods[0]!.audience === "api"
      ? apiError(c, 405, "bad_data", message)
      : c.text(`${message}\n`, 405);
  };
}

function notFound(c: AppContext): Response {
  if (c.req.path.startsWith("/api")) return apiError(c, 404, "not_found", `there is no ${c.req.path} here`);
  if (c.var.principal.kind === "anonymous") return c.text("There is no such page.\n", 404);
  const text = `There is nothing at ${c.req.path}.`;
  return page(c, <ProblemPage frame={frameOf(c)} title="No such page" text={text} />, 404);
}

function tooLarge(c: AppContext): Response {
  return apiError(c, 413, "bad_data", `the body is larger than ${MAX_BODY_BYTES} bytes`);
}

/** The caller learns that it failed, the log learns why, as often as a person would read it. */
function failed(error: Error, c: AppContext, complaints: Rate): Response {
  if (error instanceof ParameterError) return apiError(c, 400, "bad_data", error.message);
  if (error instanceof QueryError) return queryFailure(c, error, "match[]");
  if (complaints.take())
    c.var.services.log.error("request failed", {
      method: c.req.method,
      path: c.req.path,
      reason: error.stack ?? error.message,
    });
  const message = "the server could not answer this; its log says why";
  return c.req.path.startsWith("/api") ? apiError(c, 500, "execution", message) : c.text(`${message}\n`, 500);
}

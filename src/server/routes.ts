import { showClient, showClients } from "./api/clients.ts";
import { enroll, showCa } from "./api/enrolment.ts";
import { showHealth } from "./api/health.ts";
import { listLabels, listLabelValues, listSeries, showBuildInfo, showMetadata } from "./api/metadata.ts";
import { query, queryRange } from "./api/query.ts";
import { createToken } from "./api/tokens.ts";
import { showAsset } from "./pages/asset.ts";
import { showClientPage } from "./pages/client.tsx";
import { refreshClients, showDashboard } from "./pages/dashboard.tsx";
import { showHome } from "./pages/home.tsx";
import { createSession, deleteSession, showLogin } from "./pages/login.tsx";
import type { Route } from "./route.ts";

/** Every URL that the server answers, besides the agents' `/ws/client/{id}`. */
export const routes = {
  home: { method: "GET", path: "/", access: "public", audience: "page", handle: showHome },
  asset: { method: "GET", path: "/assets/:name", access: "public", audience: "page", handle: showAsset },

  login: { method: "GET", path: "/login", access: "public", audience: "page", handle: showLogin },
  createSession: {
    method: "POST",
    path: "/login",
    access: "public",
    audience: "page",
    handle: createSession,
  },
  deleteSession: {
    method: "POST",
    path: "/logout",
    access: "admin",
    audience: "page",
    handle: deleteSession,
  },

  dashboard: { method: "GET", path: "/dashboard", access: "admin", audience: "page", handle: showDashboard },
  refreshClients: {
    method: "GET",
    path: "/dashboard/refresh/clients",
    access: "admin",
    audience: "page",
    handle: refreshClients,
  },
  clientPage: {
    method: "GET",
    path: "/dashboard/client/:id",
    access: "admin",
    audience: "page",
    handle: showClientPage,
  },

  health: { method: "GET", path: "/health", access: "public", audience: "api", handle: showHealth },
  ca: { method: "GET", path: "/api/ca", access: "public", audience: "api", handle: showCa },
  enroll: { method: "POST", path: "/api/enroll", access: "public", audience: "api", handle: enroll },
  createToken: { method: "POST", path: "/api/tokens", access: "admin", audience: "api", handle: createToken },
  clients: { method: "GET", path: "/api/clients", access: "admin", audience: "api", handle: showClients },
  client: { method: "GET", path: "/api/clients/:id", access: "admin", audience: "api", handle: showClient },

  query: { method: "GET", path: "/api/v1/query", access: "admin", audience: "api", handle: query },
  postQuery: { method: "POST", path: "/api/v1/query", access: "admin", audience: "api", handle: query },
  queryRange: {
    method: "GET",
    path: "/api/v1/query_range",
    access: "admin",
    audience: "api",
    handle: queryRange,
  },
  postQueryRange: {
    method: "POST",
    path: "/api/v1/query_range",
    access: "admin",
    audience: "api",
    handle: queryRange,
  },
  series: { method: "GET", path: "/api/v1/series", access: "admin", audience: "api", handle: listSeries },
  postSeries: {
    method: "POST",
    path: "/api/v1/series",
    access: "admin",
    audience: "api",
    handle: listSeries,
  },
  labels: { method: "GET", path: "/api/v1/labels", access: "admin", audience: "api", handle: listLabels },
  postLabels: {
    method: "POST",
    path: "/api/v1/labels",
    access: "admin",
    audience: "api",
    handle: listLabels,
  },
  labelValues: {
    method: "GET",
    path: "/api/v1/label/:name/values",
    access: "admin",
    audience: "api",
    handle: listLabelValues,
  },
  metadata: {
    method: "GET",
    path: "/api/v1/metadata",
    access: "admin",
    audience: "api",
    handle: showMetadata,
  },
  buildInfo: {
    method: "GET",
    path: "/api/v1/status/buildinfo",
    access: "admin",
    audience: "api",
    handle: showBuildInfo,
  },
} as const satisfies Record<string, Route>;

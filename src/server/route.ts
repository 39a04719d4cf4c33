import type { AppContext } from "./services.ts";

export interface Route {
  readonly method: "GET" | "POST";
  /** Hono's syntax: `:id` is one segment. */
  readonly path: string;
  /** Who may ask. `public` is said explicitly: nothing is open because somebody forgot a line. */
  readonly access: "public" | "admin";
  /** How a caller without access is answered: `page` with the login page, `api` with Prometheus's error JSON. */
  readonly audience: "page" | "api";
  readonly handle: (c: AppContext) => Response | Promise<Response>;
}

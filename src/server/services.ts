import type { Context } from "hono";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { AppStore } from "./app_store.ts";
import type { Assets } from "./assets.ts";
import type { StatusRules } from "./client_status.ts";
import type { FailureLimit } from "./failure_limit.ts";
import type { Fleet } from "./fleet.ts";
import type { HostList } from "./hosts.ts";
import type { Links } from "./links.ts";
import type { Principal } from "./principal.ts";
import type { Sessions } from "./sessions.ts";

/** The certificate authority's side of joining: see docs/api.md for the messages. */
export interface EnrolmentService {
  ca(): Response | Promise<Response>;
  /** @param address of the peer, as the listener saw it. */
  enroll(request: Request, address: string): Promise<Response>;
  /** A new single-use join token. `expiresAt` in milliseconds since the epoch. */
  createToken(): Promise<{ readonly token: string; readonly expiresAt: number }>;
}

/** Everything that a handler may use. One per app; handlers find it at `c.var.services`. */
export interface Services {
  readonly store: AppStore;
  readonly enrolment: EnrolmentService;
  readonly sessions: Sessions;
  readonly loginFailures: FailureLimit;
  /** SHA-256 of the admin token: comparing digests takes the same time whatever the guess. */
  readonly adminTokenDigest: Uint8Array;
  readonly adminTokenFile: string;
  readonly hosts: HostList;
  readonly assets: Assets;
  readonly links: Links;
  readonly fleet: Fleet;
  readonly statusRules: StatusRules;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

export interface AppEnv {
  Bindings: {
    /** The peer's IP address, as the listener saw it. */
    readonly address?: string;
    /** Lets this request wait for its answer, however long: the answer's own limits decide. */
    readonly awaitAnswer?: () => void;
  };
  Variables: { services: Services; principal: Principal };
}

export type AppContext = Context<AppEnv>;

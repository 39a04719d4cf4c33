import { constants } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Server } from "bun";
import type { ServerIdentity } from "../pki/authority.ts";
import type { AgentConnection } from "./agent_connection.ts";
import { type createApp, MAX_BODY_BYTES } from "./app.tsx";
import type { Hub } from "./hub.ts";

/** Seconds without a byte after which a connection is closed: slow headers and bodies end here. */
const IDLE_TIMEOUT_S = 10;
const NO_TIMEOUT = 0;
const { SSL_OP_NO_TLSv1, SSL_OP_NO_TLSv1_1, SSL_OP_NO_TLSv1_2 } = constants;
const TLS_1_3_ONLY = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there. Stop it, or choose another port with --listen HOST:PORT",
  EADDRNOTAVAIL: "this machine has no such address. Choose one of its own with --listen HOST:PORT",
  EACCES: "only root may listen on this port. Choose one from 1024 with --listen HOST:PORT",
};

interface ListenerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly identity: Pick<ServerIdentity, "certificate" | "key">;
  readonly hub: Pick<Hub, "upgrade" | "websocket">;
  readonly app: Pick<ReturnType<typeof createApp>, "fetch">;
  /** Default 10. */
  readonly idleTimeoutSeconds?: number;
}

/**
 * Agents' WebSockets, pages and API on one address.
 * @throws Error that says what to do: address in use or not this machine's.
 */
export function listen(options: ListenerOptions): Server<AgentConnection> {
  const { host, port, identity, hub, app, idleTimeoutSeconds = IDLE_TIMEOUT_S } = options;
  try {
    return Bun.serve({
      hostname: host,
      port,
      tls: { cert: identity.certificate, key: identity.key, secureOptions: TLS_1_3_ONLY },
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: MAX_BODY_BYTES,
      async fetch(request, server) {
        if (new URL(request.url).pathname.startsWith("/ws/client/")) return hub.upgrade(request, server);
        const address = server.requestIP(request)?.address;
        const response = await app.fetch(request, {
          ...(address !== undefined && { address }),
          // Bun counts the time that a handler takes as idle, too.
          awaitAnswer: () => server.timeout(request, NO_TIMEOUT),
        });
        server.timeout(request, idleTimeoutSeconds);
        return response;
      },
      websocket: hub.websocket,
    });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason =
      REASONS[code ?? ""] ?? `${(cause as Error).message}. Choose another address with --listen HOST:PORT`;
    throw new Error(`Cannot listen on ${host}:${port}: ${reason}.`, { cause });
  }
}

/** @throws Error when `host` is a name that does not resolve: {@link listen} could not tell that from other failures. */
export async function refuseUnknownHost(host: string, port: number): Promise<void> {
  if (isIP(host) !== 0) return;
  try {
    await lookup(host);
  } catch (cause) {
    throw new Error(
      `Cannot listen on ${host}:${port}: the name ${host} does not resolve. Choose an address of this machine with --listen HOST:PORT.`,
      { cause },
    );
  }
}

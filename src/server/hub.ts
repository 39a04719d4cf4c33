import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Authority } from "../pki/authority.ts";
import type { Store } from "../store/store.ts";
import type { Client } from "../store/types.ts";
import { type CLOSE, MAX_MESSAGE_BYTES } from "../wire/messages.ts";
import { senderOf } from "./address.ts";
import { AgentConnection, type ConnectionListener } from "./agent_connection.ts";
import { type ClientLimitOptions, ClientLimits } from "./client_limits.ts";
import { Inbox } from "./inbox.ts";
import { Rate } from "./rate.ts";

const PATH = /^\/ws\/client\/([0-9a-f]{16})$/;

/**
 * Connections that have not proven who they are: in all, and from one address. Bun holds up to MAX_MESSAGE_BYTES of an
 * unfinished message for each before anyone can look at its size. A handshake takes milliseconds.
 */
const MAX_UNAUTHENTICATED = 256;
const MAX_UNAUTHENTICATED_PER_ADDRESS = 32;
const SWEEP_MS = 1000;
/** Log lines that strangers cause. */
const COMPLAINT_RATE = { burst: 60, perMinute: 60 };

interface HubOptions {
  readonly store: Store;
  readonly authority: Authority;
  /** SHA-256 (hex) of the TLS certificate that the listener serves now. */
  readonly serverCertificateFingerprint: () => string;
  readonly clientLimits?: ClientLimitOptions;
  readonly clock: Clock;
  readonly log: Logger;
}

interface HubStats {
  /** Authenticated ones. */
  readonly connections: number;
  readonly unauthenticated: number;
  /** Since the start: connections that the server ended, by reason. */
  readonly closedByReason: Readonly<Record<string, number>>;
}

/** Every agent's WebSocket: who is connected, one connection per identity, and the limits on strangers. */
export class Hub {
  readonly websocket: WebSocketHandler<AgentConnection>;
  readonly #options: HubOptions;
  readonly #strangers = new Set<AgentConnection>();
  readonly #strangersBySender = new Map<string, number>();
  readonly #byClient = new Map<string, AgentConnection>();
  readonly #byStream = new Map<number, AgentConnection>();
  readonly #limits = new Map<string, ClientLimits>();
  readonly #closed = new Map<keyof typeof CLOSE, number>();
  readonly #complaints: Rate;
  readonly #sweeper: Timer;

  constructor(options: HubOptions) {
    this.#options = options;
    this.websocket = handlersFor(new Inbox(options.clock));
    this.#complaints = new Rate(options.clock, COMPLAINT_RATE);
    options.store.onDurable((stream, sequence) => this.#byStream.get(stream)?.durable(sequence));
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  /**
   * For requests to `/ws/client/{id}`.
   * @returns undefined when the connection has become a WebSocket, otherwise the refusal.
   */
  upgrade(request: Request, server: Server<AgentConnection>): Response | undefined {
    const clientId = PATH.exec(new URL(request.url).pathname)?.[1];
    if (clientId === undefined) return refuse(404, "There is no such client.");
    // Agents send no Origin; a page in a browser cannot leave it out.
    if (request.headers.has("origin")) return refuse(403, "This address is for agents, not for browsers.");
    const address = server.requestIP(request)?.address ?? "unknown";
    const sender = senderOf(address);
    if (this.#isCrowded(sender)) {
      if (this.#complaints.take())
        this.#options.log.warn("too many connections wait to be authenticated", { address });
      return refuse(503, "Too many connections wait to be authenticated. Try again later.");
    }
    const { authority, clock, serverCertificateFingerprint, store } = this.#options;
    const connection = new AgentConnection({
      store,
      authority,
      clock,
      peer: { clientId, serverCertificate: serverCertificateFingerprint() },
      sender,
      log: this.#options.log.with({ client: clientId, address }),
      listener: this.#listener,
    });
    if (server.upgrade(request, { data: connection })) return undefined;
    return refuse(426, "This address speaks WebSocket only.");
  }

  connected(clientId: string): boolean {
    return this.#byClient.has(clientId);
  }

  /** Milliseconds between frames of the client's fastest layout; undefined while that is not known. */
  intervalOf(clientId: string): number | undefined {
    return this.#byClient.get(clientId)?.shortestInterval;
  }

  stats(): HubStats {
    return {
      connections: this.#byClient.size,
      unauthenticated: this.#strangers.size,
      closedByReason: Object.fromEntries(this.#closed),
    };
  }

  /** Ends a client's connection at once, as after its certificate was revoked. */
  disconnect(clientId: string, reason: string): void {
    this.#byClient.get(clientId)?.end("revoked", reason);
  }

  /** Ends every connection and takes no more care of any. */
  close(): void {
    clearInterval(this.#sweeper);
    for (const connection of [...this.#strangers, ...this.#byClient.values()])
      connection.end("stopping", "the server is stopping");
  }

  readonly #listener: ConnectionListener = {
    opened: (connection: AgentConnection): string | undefined => {
      this.#strangers.add(connection);
      this.#strangersBySender.set(
        connection.sender,
        (this.#strangersBySender.get(connection.sender) ?? 0) + 1,
      );
      return this.#isHasty(connection) ? "this node connects too often; try again later" : undefined;
    },
    authenticated: (connection: AgentConnection, client: Client): ClientLimits => {
      this.#forgetStranger(connection);
      const limits = this.#limitsOf(client.id);
      limits.connects.take();
      const previous = this.#byClient.get(client.id);
      this.#byClient.set(client.id, connection);
      previous?.end("evicted", `evicted: this identity has connected again, from ${connection.sender}`);
      return limits;
    },
    streaming: (connection: AgentConnection, stream: number) => this.#byStream.set(stream, connection),
    mayComplain: (connection: AgentConnection): boolean => {
      if (!this.#strangers.has(connection)) return true;
      const rate = this.#isHasty(connection) ? this.#limitsOf(connection.clientId).haste : this.#complaints;
      return rate.take();
    },
    ended: (connection: AgentConnection, reason: keyof typeof CLOSE | undefined) => {
      if (reason !== undefined) this.#closed.set(reason, (this.#closed.get(reason) ?? 0) + 1);
      this.#forgetStranger(connection);
      const { clientId, stream } = connection;
      if (this.#byClient.get(clientId) === connection) this.#byClient.delete(clientId);
      if (stream !== undefined && this.#byStream.get(stream) === connection) this.#byStream.delete(stream);
    },
  };

  #isCrowded(sender: string): boolean {
    return (
      this.#strangers.size >= MAX_UNAUTHENTICATED ||
      (this.#strangersBySender.get(sender) ?? 0) >= MAX_UNAUTHENTICATED_PER_ADDRESS
    );
  }

  /** True when the client that this connection claims to be has connected too often. */
  #isHasty({ clientId }: AgentConnection): boolean {
    return this.#limits.get(clientId)?.connects.isSpent ?? false;
  }

  #forgetStranger(connection: AgentConnection): void {
    if (!this.#strangers.delete(connection)) return;
    const left = this.#strangersBySender.get(connection.sender)! - 1;
    if (left === 0) this.#strangersBySender.delete(connection.sender);
    else this.#strangersBySender.set(connection.sender, left);
  }

  /** Kept over reconnects. One small object per registered client. */
  #limitsOf(clientId: string): ClientLimits {
    let limits = this.#limits.get(clientId);
    if (limits === undefined) {
      limits = new ClientLimits(this.#options.clock, this.#options.clientLimits ?? {});
      this.#limits.set(clientId, limits);
    }
    return limits;
  }

  #sweep(): void {
    for (const connection of this.#strangers) connection.enforceDeadline();
  }
}

function handlersFor(inbox: Inbox): WebSocketHandler<AgentConnection> {
  return {
    maxPayloadLength: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    idleTimeout: 60,
    sendPings: true,
    backpressureLimit: MAX_MESSAGE_BYTES,
    closeOnBackpressureLimit: true,
    open: (socket: ServerWebSocket<AgentConnection>) => socket.data.open(socket),
    message: (socket, message) => inbox.deliver(socket.data, message),
    close: (socket) => socket.data.closed(),
  };
}

function refuse(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

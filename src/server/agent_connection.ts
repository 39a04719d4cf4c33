import type { ServerWebSocket } from "bun";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Authority } from "../pki/authority.ts";
import type { Store } from "../store/store.ts";
import type { Client } from "../store/types.ts";
import {
  type AgentMessage,
  CLOSE,
  closeReason,
  encodeMessage,
  HANDSHAKE_TIMEOUT_MS,
  MAX_UNAUTHENTICATED_BYTES,
  parseAgentMessage,
  type ServerMessage,
} from "../wire/messages.ts";
import { AgentStream, type Begin, type Fault } from "./agent_stream.ts";
import type { ClientLimits } from "./client_limits.ts";
import {
  authenticate,
  type Challenge,
  challenge,
  type HandshakeRefusal,
  type Hello,
  type Peer,
} from "./handshake.ts";

/** An agent says hello at once: who does not holds a place that others wait for. */
const HELLO_TIMEOUT_MS = 5000;

/** Where a connection stands. Each message is good in one phase only; any other ends the connection. */
type Phase =
  | { readonly step: "hello" }
  | { readonly step: "proof"; readonly challenge: Challenge }
  /** A signature is being checked; an honest agent waits for the answer. */
  | { readonly step: "checking" }
  | { readonly step: "begin"; readonly client: Client; readonly limits: ClientLimits }
  | { readonly step: "streaming"; readonly stream: AgentStream }
  | { readonly step: "ended" };

/** What the hub wants to know of its connections. */
export interface ConnectionListener {
  /** @returns why this connection ends before anything is read from it; undefined when it may go on. */
  opened(connection: AgentConnection): string | undefined;
  /** The agent has proven who it is. @returns the client's limits. */
  authenticated(connection: AgentConnection, client: Client): ClientLimits;
  streaming(connection: AgentConnection, stream: number): void;
  /** False while strangers have caused too many log lines: they must not be able to fill a disk. */
  mayComplain(connection: AgentConnection): boolean;
  /** Once. `reason` is undefined when the agent ended it. */
  ended(connection: AgentConnection, reason: keyof typeof CLOSE | undefined): void;
}

interface ConnectionOptions {
  readonly store: Store;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly peer: Peer;
  /** What limits count as one sender. */
  readonly sender: string;
  readonly log: Logger;
  readonly listener: ConnectionListener;
}

/** One agent's WebSocket, from the first message to the last. */
export class AgentConnection {
  readonly sender: string;
  readonly #options: ConnectionOptions;
  #phase: Phase = { step: "hello" };
  #socket: ServerWebSocket<AgentConnection> | undefined;
  /** By the monotonic clock: when the step that the agent owes must be done. */
  #deadline: number;
  /** By the monotonic clock: the end of what hello and proof may take together. */
  readonly #handshakeEnd: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.sender = options.sender;
    const now = options.clock.monotonic();
    this.#deadline = now + HELLO_TIMEOUT_MS;
    this.#handshakeEnd = now + HANDSHAKE_TIMEOUT_MS;
  }

  /** The client that this connection is, or claims to be. */
  get clientId(): string {
    return this.#options.peer.clientId;
  }

  /** The store's stream, once data flows. */
  get stream(): number | undefined {
    return this.#phase.step === "streaming" ? this.#phase.stream.id : undefined;
  }

  /** Milliseconds between frames of the client's fastest layout, once it has announced one. */
  get shortestInterval(): number | undefined {
    return this.#phase.step === "streaming" ? this.#phase.stream.shortestInterval : undefined;
  }

  open(socket: ServerWebSocket<AgentConnection>): void {
    this.#socket = socket;
    const refusal = this.#options.listener.opened(this);
    if (refusal !== undefined) this.end("busy", refusal);
  }

  receive(message: string | Uint8Array): void {
    const fault = this.#handle(message);
    if (fault !== undefined) this.end(fault.close, fault.reason);
  }

  durable(sequence: number): void {
    if (this.#phase.step === "streaming") this.#phase.stream.durable(sequence);
  }

  enforceDeadline(): void {
    if (this.#options.clock.monotonic() > this.#deadline) this.end("handshakeTimeout", this.#lateness());
  }

  /** Ends the connection with a reason that the agent can print. */
  end(close: keyof typeof CLOSE, reason: string): void {
    if (this.#phase.step === "ended") return;
    const { listener, log } = this.#options;
    if (close === "stopping") log.debug("closed an agent's connection", { reason });
    else if (listener.mayComplain(this)) log.warn("closed an agent's connection", { reason });
    this.#leave(close);
    this.#socket?.close(CLOSE[close], closeReason(reason));
  }

  /** The socket is gone, whoever ended it. */
  closed(): void {
    if (this.#phase.step === "ended") return;
    if (this.#isAuthenticated) this.#options.log.info("agent disconnected");
    this.#leave(undefined);
  }

  get #isAuthenticated(): boolean {
    return this.#phase.step === "begin" || this.#phase.step === "streaming";
  }

  #leave(close: keyof typeof CLOSE | undefined): void {
    this.#options.listener.ended(this, close);
    this.#phase = { step: "ended" };
  }

  #handle(message: string | Uint8Array): Fault | undefined {
    const phase = this.#phase;
    if (phase.step === "streaming")
      return typeof message === "string" ? this.#control(phase.stream, message) : phase.stream.frame(message);
    if (phase.step === "ended") return undefined;
    if (this.#options.clock.monotonic() > this.#deadline)
      return { close: "handshakeTimeout", reason: this.#lateness() };
    if (phase.step === "begin") return this.#begin(phase.client, phase.limits, message);
    return this.#authenticate(phase, message);
  }

  #authenticate(
    phase: Extract<Phase, { step: "hello" | "proof" | "checking" }>,
    message: string | Uint8Array,
  ) {
    if (sizeOf(message) > MAX_UNAUTHENTICATED_BYTES)
      return bad(
        `message is larger than the ${MAX_UNAUTHENTICATED_BYTES} bytes allowed before authentication`,
      );
    const parsed = parse(message);
    if (!parsed.ok) return parsed.fault;
    const received = parsed.message;
    if (phase.step === "hello" && received.type === "hello") return this.#hello(received);
    if (phase.step === "proof" && received.type === "proof")
      return this.#proof(phase.challenge, received.signature);
    return outOfTurn(received);
  }

  #hello(hello: Hello): undefined {
    this.#phase = { step: "checking" };
    this.#deadline = this.#handshakeEnd;
    this.#settle(challenge(hello, this.#options.peer, this.#options), (made) => {
      const { connection, serverNonce, serverTime } = made.transcript;
      this.#phase = { step: "proof", challenge: made };
      const chain = [this.#options.authority.server.certificate];
      this.#send({ type: "challenge", nonce: serverNonce, connection, time: serverTime, chain });
    });
  }

  /** The challenge is given up before its proof is looked at: no second proof can ever be tried on it. */
  #proof(given: Challenge, signature: string): undefined {
    this.#phase = { step: "checking" };
    this.#settle(authenticate(given, signature, this.#options), ({ client, signature: own }) => {
      const limits = this.#options.listener.authenticated(this, client);
      this.#phase = { step: "begin", client, limits };
      this.#deadline = this.#options.clock.monotonic() + HANDSHAKE_TIMEOUT_MS;
      const { instance } = client;
      this.#send({ type: "welcome", signature: own, instance, time: this.#options.clock.now() });
      this.#options.log.info("agent connected", { name: client.name });
    });
  }

  #begin(client: Client, limits: ClientLimits, message: string | Uint8Array): Fault | undefined {
    const parsed = parse(message);
    if (!parsed.ok) return parsed.fault;
    if (parsed.message.type !== "begin") return outOfTurn(parsed.message);
    return this.#startStream(parsed.message, client, limits);
  }

  #startStream(begin: Begin, client: Client, limits: ClientLimits): Fault | undefined {
    const { clock, log, store } = this.#options;
    const send = (message: ServerMessage) => this.#send(message);
    const stream = AgentStream.begin(begin, { store, client, limits, clock, log, send });
    if (!(stream instanceof AgentStream)) return stream;
    this.#phase = { step: "streaming", stream };
    this.#options.listener.streaming(this, stream.id);
    return undefined;
  }

  #control(stream: AgentStream, text: string): Fault | undefined {
    const parsed = parse(text);
    if (!parsed.ok) return parsed.fault;
    return parsed.message.type === "layout" ? stream.layout(parsed.message) : outOfTurn(parsed.message);
  }

  /** Goes on with a verdict, unless the connection has ended in the meantime. */
  #settle<Good extends { ok: true }>(
    verdict: Promise<Good | HandshakeRefusal>,
    proceed: (good: Good) => void,
  ): void {
    verdict.then(
      (result) => {
        if (this.#phase.step === "ended") return;
        if (result.ok) proceed(result);
        else this.end(result.cause, result.reason);
      },
      (error: Error) => {
        this.#options.log.error("cannot authenticate an agent", { error: error.message });
        this.end("notAuthenticated", "the server could not check the signature");
      },
    );
  }

  #lateness(): string {
    const owed = this.#phase.step === "checking" ? "answer" : this.#phase.step;
    const allowed = this.#phase.step === "hello" ? HELLO_TIMEOUT_MS : HANDSHAKE_TIMEOUT_MS;
    return `no ${owed} within ${allowed / 1000} s`;
  }

  #send(message: ServerMessage): void {
    this.#socket?.send(encodeMessage(message));
  }
}

function sizeOf(message: string | Uint8Array): number {
  return typeof message === "string" ? Buffer.byteLength(message) : message.length;
}

function parse(
  message: string | Uint8Array,
): { ok: true; message: AgentMessage } | { ok: false; fault: Fault } {
  if (typeof message !== "string") return { ok: false, fault: bad("binary message out of turn") };
  const parsed = parseAgentMessage(message);
  return parsed.ok ? parsed : { ok: false, fault: bad(parsed.fault) };
}

function outOfTurn(message: AgentMessage): Fault {
  return bad(`${message.type} message out of turn`);
}

function bad(reason: string): Fault {
  return { close: "badMessage", reason };
}

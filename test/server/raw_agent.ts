import type { Identity } from "../../src/agent/identity.ts";
import { verifyServer } from "../../src/pki/certificate.ts";
import {
  AGENT_PROOF,
  randomNonce,
  SERVER_PROOF,
  signProof,
  type Transcript,
  verifyProof,
} from "../../src/pki/proof.ts";
import { verifiedTls } from "../../src/pki/verified_tls.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { type Layout, layoutHash } from "../../src/wire/layout.ts";
import {
  type AgentMessage,
  encodeMessage,
  parseServerMessage,
  type ServerMessage,
} from "../../src/wire/messages.ts";
import { encodeValues } from "../../src/wire/values.ts";

type MessageOf<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** The agent's end of the wire, one message at a time, so that tests can send what no agent would. */
export class RawAgent {
  readonly closed: Promise<Closed>;
  /** SHA-256 of the certificate that TLS saw. */
  serverCertificate = "";
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  readonly #inbox: ServerMessage[] = [];
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(
    readonly identity: Identity,
    readonly origin: string,
    readonly path = `/ws/client/${identity.client}`,
  ) {
    const tls = verifiedTls(identity.anchor.pem, (fingerprint) => {
      this.serverCertificate = fingerprint;
    });
    const url = `${origin.replace(/^http/, "ws")}${path}`;
    this.#socket = openSocket(url, { perMessageDeflate: false, ...(origin.startsWith("https") && { tls }) });
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<Closed>();
    this.#opened = opened.promise;
    this.closed = closed.promise;
    this.#socket.onopen = () => opened.resolve();
    this.#socket.onerror = (event) => opened.reject(new Error((event as ErrorEvent).message));
    this.#socket.onclose = ({ code, reason }) => {
      this.#isClosed = true;
      closed.resolve({ code, reason });
      for (const wake of this.#waiting.splice(0)) wake();
    };
    this.#socket.onmessage = ({ data }) => {
      const parsed = parseServerMessage(String(data));
      if (!parsed.ok) throw new Error(`The server sent ${data}: ${parsed.fault}`);
      this.#inbox.push(parsed.message);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    this.#opened.catch(() => {});
  }

  static async connect(identity: Identity, origin: string, path?: string): Promise<RawAgent> {
    const agent = new RawAgent(identity, origin, path);
    await agent.#opened;
    return agent;
  }

  /** Connected, and authenticated both ways. */
  static async authenticated(identity: Identity, origin: string): Promise<RawAgent> {
    const agent = await RawAgent.connect(identity, origin);
    const { challenge, transcript } = await agent.challenged();
    await agent.prove(transcript);
    const { signature } = await agent.next("welcome");
    const leaf = await verifyServer(challenge.chain, identity.anchor, Date.now());
    if (!leaf.ok || !(await verifyProof(leaf.publicKey, SERVER_PROOF, transcript, signature)))
      throw new Error("The server did not prove itself");
    return agent;
  }

  /** Without TLS and the server's proof. @param serverCertificate as TLS would have shown it */
  static async admitted(identity: Identity, origin: string, serverCertificate: string): Promise<RawAgent> {
    const agent = await RawAgent.connect(identity, origin);
    agent.serverCertificate = serverCertificate;
    const { transcript } = await agent.challenged();
    await agent.prove(transcript);
    await agent.next("welcome");
    return agent;
  }

  /** Ready for frames of these layouts. */
  static async streaming(
    identity: Identity,
    origin: string,
    layouts: readonly Layout[] = [],
    epoch = newEpoch(),
  ) {
    const agent = await RawAgent.authenticated(identity, origin);
    const resume = await agent.begin(layouts, epoch);
    for (const layout of layouts) if (resume.need.includes(layoutHash(layout))) agent.announce(layout);
    return Object.assign(agent, { resume, epoch });
  }

  /** Sends hello and reads the challenge. @param over replaces parts of the hello. */
  async challenged(over: Partial<Extract<AgentMessage, { type: "hello" }>> = {}) {
    const nonce = over.nonce ?? randomNonce();
    const { certificate, client, fingerprint, anchor } = this.identity;
    this.send({ type: "hello", v: 1, chain: [certificate], nonce, client, boot: "boot-1", ...over });
    const challenge = await this.next("challenge");
    const transcript: Transcript = {
      serverId: anchor.serverId,
      clientId: client,
      connection: challenge.connection,
      agentCertificate: fingerprint,
      serverCertificate: this.serverCertificate,
      agentNonce: nonce,
      serverNonce: challenge.nonce,
      serverTime: challenge.time,
    };
    return { challenge, transcript };
  }

  async prove(transcript: Transcript, key = this.identity.privateKey): Promise<void> {
    this.send({ type: "proof", signature: await signProof(key, AGENT_PROOF, transcript) });
  }

  begin(layouts: readonly Layout[], epoch: string): Promise<MessageOf<"resume">> {
    this.send({ type: "begin", epoch, layouts: layouts.map(layoutHash) });
    return this.next("resume");
  }

  announce(layout: Layout, hash = layoutHash(layout)): void {
    this.send({
      type: "layout",
      hash,
      layout: layout as Extract<AgentMessage, { type: "layout" }>["layout"],
    });
  }

  frame(
    sequence: number,
    values: ArrayLike<number>,
    at: { layoutIndex?: number; timestamp?: number } = {},
  ): void {
    const { layoutIndex = 0, timestamp = Date.now() } = at;
    this.sendRaw(encodeFrame({ layoutIndex, timestamp, sequence }, encodeValues(values)));
  }

  send(message: AgentMessage): void {
    this.sendRaw(encodeMessage(message));
  }

  sendRaw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** The next message of this type; others before it are dropped. @throws Error when the connection ends first. */
  async next<T extends ServerMessage["type"]>(type: T): Promise<MessageOf<T>> {
    for (;;) {
      while (this.#inbox.length > 0) {
        const message = this.#inbox.shift()!;
        if (message.type === type) return message as MessageOf<T>;
      }
      if (this.#isClosed) {
        const { code, reason } = await this.closed;
        throw new Error(`closed with ${code} "${reason}" before "${type}" came`);
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Waits until everything up to `sequence` is acknowledged. */
  async acknowledged(sequence: number): Promise<void> {
    while ((await this.next("ack")).sequence < sequence);
  }

  /** False once the server has ended the connection for anything that was sent before. */
  async isOpen(): Promise<boolean> {
    const socket = this.#socket as WebSocket & NodeJS.EventEmitter & { ping(): void };
    if (this.#isClosed) return false;
    const pong = new Promise<boolean>((resolve) =>
      socket.addEventListener("pong", () => resolve(true), { once: true }),
    );
    socket.ping();
    return Promise.race([pong, this.closed.then(() => false)]);
  }

  close(): void {
    this.#socket.close();
  }
}

export function newEpoch(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

/** Bun's WebSocket, which takes options where the DOM's type has protocols. */
export function openSocket(url: string, options: Bun.WebSocketOptions): WebSocket {
  const BunWebSocket = WebSocket as unknown as new (url: string, options: Bun.WebSocketOptions) => WebSocket;
  return new BunWebSocket(url, options);
}

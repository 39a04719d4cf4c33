import type { Server, ServerWebSocket } from "bun";
import type { Identity } from "../../src/agent/identity.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { Authority } from "../../src/pki/authority.ts";
import { verifyClient } from "../../src/pki/certificate.ts";
import { generateKeys } from "../../src/pki/keys.ts";
import {
  AGENT_PROOF,
  randomNonce,
  SERVER_PROOF,
  signProof,
  type Transcript,
  verifyProof,
} from "../../src/pki/proof.ts";
import { createRequest } from "../../src/pki/request.ts";
import { readRequest } from "../../src/pki/verified_request.ts";
import { type FrameHeader, frameCost, framePayload, readFrameHeader } from "../../src/wire/frame.ts";
import type { Layout } from "../../src/wire/layout.ts";
import {
  type AgentMessage,
  encodeMessage,
  parseAgentMessage,
  type ServerMessage,
} from "../../src/wire/messages.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

type MessageOf<T extends AgentMessage["type"]> = Extract<AgentMessage, { type: T }>;

export const CLIENT_ID = "00112233aabbccdd";

/** One connection as the server saw it. */
export class SeenConnection {
  readonly begin = Promise.withResolvers<MessageOf<"begin">>();
  readonly closed = Promise.withResolvers<{ code: number; reason: string }>();
  readonly layouts: { hash: string; layout: Layout }[] = [];
  readonly frames: (FrameHeader & { payload: Uint8Array })[] = [];
  transcript: Transcript | undefined;
  agentKey: CryptoKey | undefined;
  authenticated = false;

  constructor(readonly socket: ServerWebSocket<SeenConnection | undefined>) {}

  send(message: ServerMessage): void {
    this.socket.send(encodeMessage(message));
  }

  ack(sequence: number): void {
    this.send({ type: "ack", sequence });
  }

  get cost(): number {
    return this.frames.reduce((sum, { payload }) => sum + frameCost(payload), 0);
  }
}

export interface Script {
  /** Where the server says to go on. */
  resume(begin: MessageOf<"begin">): { sequence: number; need: string[]; epoch?: string };
  /** After every frame; acknowledges it unless the test does something else. */
  frame(connection: SeenConnection, header: FrameHeader): void;
  /** May spoil the server's proof. */
  sign(transcript: Transcript, signature: string, authority: Authority): Promise<string> | string;
  instance: string;
}

/** The server's end of the wire with the real cryptography, and a script for what comes after it. */
export class ScriptedServer {
  readonly connections: SeenConnection[] = [];
  /** `Date.now()` of every attempt to connect. */
  readonly attempts: number[] = [];
  readonly script: Script = {
    resume: ({ layouts }) => ({ sequence: 0, need: layouts }),
    frame: (connection, { sequence }) => connection.ack(sequence),
    sign: (_, signature) => signature,
    instance: "node-1",
  };
  #server: Server<SeenConnection | undefined>;
  readonly #port: number;

  private constructor(
    readonly authority: Authority,
    private readonly folder: Disposable,
  ) {
    this.#server = this.#listen(0);
    this.#port = this.#server.port!;
  }

  static async start(): Promise<ScriptedServer> {
    const folder = temporaryFolder();
    const authority = await Authority.open(folder.path, { names: [], clock: systemClock, log: silentLogger });
    return new ScriptedServer(authority, folder);
  }

  get origin(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  async identity(): Promise<Identity> {
    const keys = await generateKeys();
    const request = await readRequest(await createRequest(keys));
    if (!request.ok) throw new Error(request.reason);
    const { pem, fingerprint } = await this.authority.issueClient(request, CLIENT_ID);
    return {
      server: this.origin,
      client: CLIENT_ID,
      instance: "node-1",
      certificate: pem,
      fingerprint,
      privateKey: keys.privateKey,
      anchor: this.authority.anchor,
    };
  }

  /** Waits for the n-th connection (from 0) to have sent `begin`. */
  async connection(index: number): Promise<SeenConnection> {
    await until(() => this.connections.length > index);
    const connection = this.connections[index]!;
    await connection.begin.promise;
    return connection;
  }

  /** The process dies: no close frame, and nobody listens any more. */
  async crash(): Promise<void> {
    for (const { socket } of this.connections) socket.terminate();
    await this.#server.stop(true);
  }

  restart(): void {
    this.#server = this.#listen(this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
    this.folder[Symbol.dispose]();
  }

  #listen(port: number): Server<SeenConnection | undefined> {
    return Bun.serve<SeenConnection | undefined>({
      hostname: "127.0.0.1",
      port,
      tls: { cert: this.authority.server.certificate, key: this.authority.server.key },
      fetch: (request, server) => {
        this.attempts.push(Date.now());
        server.upgrade(request, { data: undefined });
      },
      websocket: {
        perMessageDeflate: false,
        open: (socket) => {
          socket.data = new SeenConnection(socket);
          this.connections.push(socket.data);
        },
        message: (socket, message) => this.#received(socket.data!, message),
        close: (socket, code, reason) => socket.data?.closed.resolve({ code, reason }),
      },
    });
  }

  async #received(connection: SeenConnection, message: string | Uint8Array): Promise<void> {
    if (typeof message !== "string") return this.#frame(connection, message);
    const parsed = parseAgentMessage(message);
    if (!parsed.ok) throw new Error(parsed.fault);
    const received = parsed.message;
    switch (received.type) {
      case "hello":
        return this.#challenge(connection, received);
      case "proof":
        return this.#welcome(connection, received.signature);
      case "begin":
        connection.begin.resolve(received);
        return connection.send({ type: "resume", epoch: received.epoch, ...this.script.resume(received) });
      case "layout":
        connection.layouts.push(received);
        return;
      default:
        received satisfies never;
    }
  }

  async #challenge(connection: SeenConnection, hello: MessageOf<"hello">): Promise<void> {
    const { authority } = this;
    const leaf = await verifyClient(hello.chain, authority.anchor, Date.now());
    if (!leaf.ok) throw new Error(leaf.reason);
    connection.agentKey = leaf.publicKey;
    connection.transcript = {
      serverId: authority.serverId,
      clientId: hello.client,
      connection: `c${this.connections.length}`,
      agentCertificate: leaf.fingerprint,
      serverCertificate: authority.server.fingerprint,
      agentNonce: hello.nonce,
      serverNonce: randomNonce(),
      serverTime: Date.now(),
    };
    const { serverNonce, serverTime } = connection.transcript;
    connection.send({
      type: "challenge",
      nonce: serverNonce,
      connection: connection.transcript.connection,
      time: serverTime,
      chain: [authority.server.certificate],
    });
  }

  async #welcome(connection: SeenConnection, signature: string): Promise<void> {
    const { authority, script } = this;
    const { agentKey, transcript } = connection;
    connection.authenticated = await verifyProof(agentKey!, AGENT_PROOF, transcript!, signature);
    const own = await signProof(authority.server.privateKey, SERVER_PROOF, transcript!);
    connection.send({
      type: "welcome",
      signature: await script.sign(transcript!, own, authority),
      instance: script.instance,
      time: Date.now(),
    });
  }

  #frame(connection: SeenConnection, bytes: Uint8Array): void {
    const read = readFrameHeader(bytes);
    if (!read.ok) throw new Error(read.fault);
    connection.frames.push({ ...read.header, payload: framePayload(bytes).slice() });
    this.script.frame(connection, read.header);
  }
}

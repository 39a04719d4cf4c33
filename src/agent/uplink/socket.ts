import { verifiedTls } from "../../pki/verified_tls.ts";
import {
  type AgentMessage,
  CLOSE,
  closeReason,
  encodeMessage,
  HANDSHAKE_TIMEOUT_MS,
  parseServerMessage,
  type ServerMessage,
} from "../../wire/messages.ts";
import type { Timers } from "../timers.ts";
import { endedByServer, errorOf, LinkEnded, LOST, NORMAL, notConnected } from "./link_ended.ts";

export type MessageOf<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

const CONNECT_TIMEOUT_MS = 15_000;
/** The close frame gets this long to leave, then the socket goes whether the peer answers or not. */
const CLOSE_TIMEOUT_MS = 1000;

/** Bun's WebSocket takes options that the DOM's type does not know. */
const BunWebSocket = WebSocket as unknown as new (
  url: string,
  options: Bun.WebSocketOptions,
) => WebSocket & { terminate(): void };

interface SocketOptions {
  readonly url: URL;
  /** The only CA that is trusted, in PEM. */
  readonly ca: string;
  readonly timers: Timers;
  /** Ends the connection. */
  readonly signal: AbortSignal;
}

/** The WebSocket to the server, read one message at a time. However it ends, it ends with one {@link LinkEnded}. */
export class ServerSocket {
  /** SHA-256 (hex) of the certificate that TLS verified; empty before. */
  #certificate = "";
  #ended: LinkEnded | undefined;
  readonly #socket: InstanceType<typeof BunWebSocket>;
  readonly #inbox: ServerMessage[] = [];
  #wake = () => {};

  private constructor(private readonly options: SocketOptions) {
    const { url, ca } = options;
    const tls = verifiedTls(ca, (fingerprint) => {
      this.#certificate = fingerprint;
    });
    this.#socket = new BunWebSocket(url.href, { tls, perMessageDeflate: false });
    this.#socket.onmessage = ({ data }) => this.#received(data);
    this.#socket.onerror = (event) => this.#end(notConnected(url, errorOf(event)));
    this.#socket.onclose = ({ code, reason }) => this.#end(endedByServer(code, reason));
    this.#socket.onopen = () => this.#wake();
    options.signal.addEventListener("abort", this.#stop);
  }

  /** @throws LinkEnded */
  static async open(options: SocketOptions): Promise<ServerSocket> {
    const socket = new ServerSocket(options);
    const { host } = options.url;
    await socket.#until(
      () => socket.#socket.readyState === WebSocket.OPEN,
      CONNECT_TIMEOUT_MS,
      () => {
        return new LinkEnded(
          `No answer from ${host} within ${CONNECT_TIMEOUT_MS / 1000} s. Check network and firewall.`,
        );
      },
    );
    return socket;
  }

  get certificate(): string {
    return this.#certificate;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  send(message: AgentMessage): number {
    const text = encodeMessage(message);
    if (!this.ended) this.#socket.send(text);
    return text.length;
  }

  sendFrame(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.ended) this.#socket.send(bytes);
  }

  /**
   * The next message.
   * @throws LinkEnded when there is none any more.
   */
  async receive(): Promise<ServerMessage> {
    await this.#until(() => this.#inbox.length > 0);
    return this.#inbox.shift()!;
  }

  /**
   * The next message, which has to be of this type and to come soon.
   * @throws LinkEnded
   */
  async expect<T extends ServerMessage["type"]>(type: T): Promise<MessageOf<T>> {
    await this.#until(
      () => this.#inbox.length > 0,
      HANDSHAKE_TIMEOUT_MS,
      () => {
        return new LinkEnded(
          `The server sent no ${type} within ${HANDSHAKE_TIMEOUT_MS / 1000} s.`,
          CLOSE.handshakeTimeout,
        );
      },
    );
    const message = this.#inbox.shift()!;
    if (message.type === type) return message as MessageOf<T>;
    throw this.fail(new LinkEnded(`The server sent ${message.type} out of turn.`, CLOSE.badMessage));
  }

  /** Ends the connection from this side. @returns why it ended: the first reason counts. */
  fail(ended: LinkEnded): LinkEnded {
    if (this.#ended !== undefined) return this.#ended;
    this.#end(ended);
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.close(ended.code === LOST ? NORMAL : ended.code, closeReason(ended.message));
      this.options.timers.after(CLOSE_TIMEOUT_MS, () => this.#socket.terminate());
    } else this.#socket.terminate();
    return ended;
  }

  #received(data: unknown): void {
    if (this.ended) return;
    if (typeof data !== "string") {
      this.fail(new LinkEnded("The server sent a binary message.", CLOSE.badMessage));
      return;
    }
    const parsed = parseServerMessage(data);
    if (!parsed.ok) {
      this.fail(new LinkEnded(`The server sent what is not understood: ${parsed.fault}.`, CLOSE.badMessage));
      return;
    }
    this.#inbox.push(parsed.message);
    this.#wake();
  }

  readonly #stop = () => void this.fail(new LinkEnded("The agent stops.", NORMAL));

  #end(ended: LinkEnded): void {
    this.#ended ??= ended;
    this.options.signal.removeEventListener("abort", this.#stop);
    this.#wake();
  }

  /** Waits until `ready`, no longer than `timeoutMs`. One caller at a time. */
  async #until(ready: () => boolean, timeoutMs?: number, late?: () => LinkEnded): Promise<void> {
    const cancel =
      timeoutMs === undefined ? () => {} : this.options.timers.after(timeoutMs, () => this.fail(late!()));
    try {
      while (!ready()) {
        if (this.#ended !== undefined) throw this.#ended;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      cancel();
    }
  }
}

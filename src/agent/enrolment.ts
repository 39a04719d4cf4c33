import { isIP } from "node:net";
import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import { readCertificate, subjectKey, TrustAnchor } from "../pki/certificate.ts";
import { type KeyPair, samePublicKey } from "../pki/keys.ts";
import { createRequest } from "../pki/request.ts";
import { tlsFaultOf } from "../pki/tls_fault.ts";
import { type JoinToken, parseJoinToken } from "../pki/token.ts";
import { verifiedTls } from "../pki/verified_tls.ts";

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Differences between the two clocks below this are not worth a word. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

const CA_ANSWER = z.object({ ca: z.string() });
const GRANT_ANSWER = z.object({
  client: z.string().regex(/^[0-9a-f]{16}$/),
  instance: z.string().min(1).max(1024),
  certificate: z.string(),
});
const ERROR_ANSWER = z.object({ error: z.string().max(1000) });

/** Why this node could not join, in one sentence with the next step. */
export class EnrolmentError extends Error {
  override readonly name = "EnrolmentError";
  /** True when trying again may help without anyone doing anything. */
  readonly transient: boolean;

  constructor(message: string, options: { readonly transient: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.transient = options.transient;
  }
}

interface JoinRequest {
  /** `https://host:port` */
  readonly server: string;
  readonly token: string;
  readonly name: string;
  readonly machineId: string;
  readonly keys: KeyPair;
  readonly clock: Clock;
}

interface Grant {
  readonly client: string;
  readonly instance: string;
  /** PEM */
  readonly certificate: string;
  readonly anchor: TrustAnchor;
}

/**
 * Joins: fetches the CA from a server that is not trusted yet, holds it against the token's pin, and only then, over
 * a connection verified with that CA, sends the token's secret and the certificate request.
 * @throws EnrolmentError
 */
export async function requestCertificate(request: JoinRequest): Promise<Grant> {
  const attempt = new Attempt(request);
  const token = attempt.readToken();
  const anchor = await attempt.fetchAnchor(token);
  return attempt.enroll(token, anchor);
}

class Attempt {
  readonly #request: JoinRequest;
  readonly #origin: string;
  readonly #host: string;
  /** How far this machine's clock is ahead of the server's, once known. A hint for messages, nothing more. */
  #clockAheadMs: number | undefined;

  constructor(request: JoinRequest) {
    this.#request = request;
    const url = URL.parse(request.server);
    if (url === null || url.protocol !== "https:")
      throw this.#failure(`agent.server is not of the form https://HOST:PORT. Correct it.`);
    this.#origin = url.origin;
    this.#host = url.hostname.replace(/^\[|\]$/g, "");
  }

  readToken(): JoinToken {
    if (this.#request.token === "")
      throw this.#failure(
        `this node has no identity and no token. Create one with "dcmon token create" on the server.`,
      );
    const token = parseJoinToken(this.#request.token);
    if (token === undefined)
      throw this.#failure(
        "the token is incomplete or mistyped: expected dcmon1.<id>.<secret>.<pin>. Paste it again.",
      );
    return token;
  }

  /**
   * The only connection that is not verified: it sends nothing secret, and nothing that it brings is used but a CA
   * whose key has exactly the pinned digest.
   */
  async fetchAnchor(token: JoinToken): Promise<TrustAnchor> {
    const answer = await this.#ask("/api/ca", {
      // A name that every server answers to. Whether it also has the name in the URL is for the verified connection.
      headers: { host: "localhost" },
      tls: { rejectUnauthorized: false },
    });
    this.#noteClock(answer.date);
    const ca = CA_ANSWER.safeParse(answer.json);
    if (answer.status !== 200 || !ca.success)
      throw this.#failure(
        `${this.#origin} is not a dcmon server (it answered ${answer.status}). Check agent.server.`,
      );
    const anchor = await TrustAnchor.read(ca.data.ca).catch(() => undefined);
    if (anchor === undefined || anchor.pin !== token.pin) throw this.#otherServer();
    return anchor;
  }

  async enroll(token: JoinToken, anchor: TrustAnchor): Promise<Grant> {
    const { keys, name, machineId } = this.#request;
    const answer = await this.#ask("/api/enroll", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        token: `dcmon1.${token.id}.${token.secret}.${token.pin}`,
        csr: await createRequest(keys),
        name,
        machine_id: machineId,
      }),
      tls: verifiedTls(anchor.pem),
    });
    if (answer.status !== 200) throw this.#refused(answer);
    const grant = GRANT_ANSWER.safeParse(answer.json);
    const leaf = grant.success ? readCertificate(grant.data.certificate) : undefined;
    if (!grant.success || leaf === undefined || !(await samePublicKey(keys.publicKey, subjectKey(leaf))))
      throw this.#failure(
        "the server's answer holds no certificate for this node's key. Is it another version of dcmon?",
      );
    return { ...grant.data, anchor };
  }

  async #ask(
    path: string,
    { headers, ...options }: BunFetchRequestInit & { headers: Record<string, string> },
  ): Promise<Answer> {
    try {
      const response = await fetch(`${this.#origin}${path}`, {
        redirect: "error",
        keepalive: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { "accept-encoding": "identity", ...headers },
        // A compressed answer grows without bound before its size can be seen.
        decompress: false,
        ...options,
      });
      const text = await readLimited(response, MAX_ANSWER_BYTES);
      return { status: response.status, json: parseJson(text), date: response.headers.get("date") };
    } catch (cause) {
      throw this.#unanswered(cause as Error & { code?: string });
    }
  }

  #unanswered(cause: Error & { code?: string; cert?: { subjectaltname?: string } }): EnrolmentError {
    const fault = tlsFaultOf(cause.code);
    switch (fault) {
      case "wrong name":
        return this.#wrongName(cause);
      case "expired":
      case "not yet valid":
        return this.#wrongTime(fault, cause);
      case "other server":
        return this.#otherServer(cause);
      case "no TLS 1.3":
        return this.#failure(`${this.#origin} does not speak TLS 1.3. Check host and port in agent.server.`, {
          cause,
        });
      case undefined:
        return this.#unreachable(cause);
      default:
        return fault satisfies never;
    }
  }

  #unreachable(cause: Error & { code?: string }): EnrolmentError {
    if (cause.code === "ENOTFOUND" || cause.code === "EAI_AGAIN")
      return this.#failure(
        `the name ${this.#host} does not resolve. Check agent.server and the name server (/etc/resolv.conf, /etc/hosts).`,
        { cause, transient: true },
      );
    return this.#failure(
      `no answer from ${this.#origin} (${cause.code ?? cause.message}). Check that the server runs, and agent.server and the firewall.`,
      { cause, transient: true },
    );
  }

  #wrongName(cause: Error & { cert?: { subjectaltname?: string } }): EnrolmentError {
    const names = cause.cert?.subjectaltname?.replace(/(DNS|IP Address):/g, "") ?? "other names";
    const kind = isIP(this.#host) === 0 ? "name" : "address";
    return this.#failure(
      `the server's certificate does not cover "${this.#host}"; it covers ${names}. Use one of these in agent.server, or add the ${kind} to server.names and restart the server.`,
      { cause },
    );
  }

  #wrongTime(fault: "expired" | "not yet valid", cause: Error): EnrolmentError {
    const state = fault === "expired" ? "has expired" : "is not valid yet";
    const ahead = this.#clockAheadMs ?? 0;
    if (Math.abs(ahead) > CLOCK_TOLERANCE_MS)
      return this.#failure(
        `by this machine's clock the server's certificate ${state}, and the clock is ${inWords(ahead)} the server's. Set the clock right (timedatectl).`,
        { cause, transient: true },
      );
    return this.#failure(`the server's certificate ${state}. Restart the server: it makes a new one.`, {
      cause,
      transient: true,
    });
  }

  #otherServer(cause?: Error): EnrolmentError {
    return this.#failure(
      `the server at ${this.#origin} is not the one this token was made for. Check agent.server; if it is right, create a new token on that server, and find out who answers in its place.`,
      { cause },
    );
  }

  /** The server's own sentence says what is wrong with the token, or with the request. */
  #refused({ status, json }: Answer): EnrolmentError {
    const said = ERROR_ANSWER.safeParse(json);
    const reason = said.success ? said.data.error : `the server answered ${status}.`;
    return this.#failure(reason, { transient: status === 429 || status >= 500 });
  }

  #noteClock(date: string | null): void {
    const serverTime = Date.parse(date ?? "");
    if (!Number.isNaN(serverTime)) this.#clockAheadMs = this.#request.clock.now() - serverTime;
  }

  #failure(reason: string, options: { transient?: boolean; cause?: unknown } = {}): EnrolmentError {
    const { transient = false, cause } = options;
    return new EnrolmentError(`Cannot enroll "${this.#request.name}": ${reason}`, { transient, cause });
  }
}

interface Answer {
  readonly status: number;
  /** Undefined when the body is not JSON. */
  readonly json: unknown;
  readonly date: string | null;
}

async function readLimited(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`its answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller tells by the status and by what it expected.
    return undefined;
  }
}

function inWords(aheadMs: number): string {
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const amount =
    minutes < 120
      ? `${minutes} min`
      : minutes < 2880
        ? `${Math.round(minutes / 60)} h`
        : `${Math.round(minutes / 1440)} days`;
  return `${amount} ${aheadMs > 0 ? "ahead of" : "behind"}`;
}

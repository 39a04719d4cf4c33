import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Authority } from "../pki/authority.ts";
import {
  createJoinToken,
  formatJoinToken,
  hashSecret,
  type JoinToken,
  parseJoinToken,
} from "../pki/token.ts";
import { readRequest } from "../pki/verified_request.ts";
import type { Store } from "../store/store.ts";
import { senderOf } from "./address.ts";
import { FailureLimit } from "./failure_limit.ts";

const MAX_BODY_BYTES = 16 * 1024;
const TOKEN_LIFETIME_MS = 3_600_000;
/** Joins at work at the same time. The rest wait, so that a flood of wrong tokens meets its limit early. */
const MAX_CONCURRENT = 16;
const MAX_WAITING = 512;
const FAILURE_LIMITS = { perAddress: 20, global: 200 };

/** Printable: no control, format, surrogate or private characters, no line or paragraph separator. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

const REQUEST = z.strictObject({
  token: z.string().max(256),
  csr: z.string().max(4096),
  name: z.string().trim().min(1).max(64).regex(PRINTABLE, "expected printable characters"),
  machine_id: z.string().regex(/^[A-Za-z0-9-]{0,64}$/, "expected up to 64 letters, digits and dashes"),
});

type JoinRequest = z.infer<typeof REQUEST>;

const REFUSED = {
  expired: 'the token has expired. Create a new one with "dcmon token create" on the server.',
  used: 'the token has been used already. Create a new one with "dcmon token create" on the server.',
  unknown:
    'the server does not know this token. Paste it again, or create a new one with "dcmon token create".',
} as const;

interface EnrolmentOptions {
  readonly store: Pick<Store, "createToken" | "enrol">;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly log: Logger;
}

interface CreatedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The server's side of joining: hands out its CA, makes tokens, and gives certificates for them. */
export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #failures: FailureLimit;
  readonly #gate = new Gate(MAX_CONCURRENT, MAX_WAITING);

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.#failures = new FailureLimit(options.clock, FAILURE_LIMITS);
  }

  /** Only the token's hash is stored: this is the one time that it is seen. */
  async createToken(options: { expiresInMs?: number; uses?: number } = {}): Promise<CreatedToken> {
    const { authority, clock, store } = this.#options;
    const token = createJoinToken(authority.pin);
    const expiresAt = clock.now() + (options.expiresInMs ?? TOKEN_LIFETIME_MS);
    await store.createToken({
      id: token.id,
      secretHash: hashSecret(token.secret),
      expiresAt,
      uses: options.uses ?? 1,
    });
    return { token: formatJoinToken(token), expiresAt };
  }

  /** `GET /api/ca`. Whoever asks holds the answer against the pin in its token. */
  ca(): Response {
    return Response.json({ ca: this.#options.authority.anchor.pem });
  }

  /** `POST /api/enroll` @param address of the peer, as the listener saw it. */
  async enroll(request: Request, address: string): Promise<Response> {
    const sender = senderOf(address);
    // Before the gate, so that slow senders keep nobody waiting.
    const body = await readBody(request);
    const entered = await this.#gate.enter();
    if (!entered)
      return refusal(503, "unavailable", "too many nodes are joining at once. Try again in a few seconds.");
    try {
      const wait = this.#failures.wait(sender);
      if (wait > 0) return tooManyFailures(wait);
      const answer = await this.#answer(body, address);
      if (answer.status >= 400) this.#failures.count(sender);
      return answer;
    } finally {
      this.#gate.leave();
    }
  }

  async #answer(body: unknown, address: string): Promise<Response> {
    if (body === undefined)
      return refusal(413, "bad_data", `the request is larger than ${MAX_BODY_BYTES} bytes.`);
    const parsed = REQUEST.safeParse(body);
    if (!parsed.success) return refusal(400, "bad_data", describe(parsed.error));
    const token = parseJoinToken(parsed.data.token);
    if (token === undefined) return refusal(400, "bad_data", "token: expected dcmon1.<id>.<secret>.<pin>.");
    return this.#grant(parsed.data, token, address);
  }

  async #grant(join: JoinRequest, token: JoinToken, address: string): Promise<Response> {
    const { authority, clock, log, store } = this.#options;
    const request = await readRequest(join.csr);
    if (!request.ok) return refusal(400, "bad_data", `csr: ${request.reason}.`);
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString("hex");
    const certificate = await authority.issueClient(request, id);
    const result = await store.enrol({
      tokenId: token.id,
      secretHash: hashSecret(token.secret),
      now: clock.now(),
      csrHash: request.keyHash,
      client: { id, name: join.name, instance: join.name, machineId: join.machine_id },
      certificate,
    });
    if (result.outcome === "refused") {
      log.warn("refused to enroll a node", {
        name: join.name,
        reason: result.reason,
        token: token.id,
        address,
      });
      return refusal(403, "forbidden", REFUSED[result.reason]);
    }
    const { client } = result;
    log.info("enrolled a node", {
      client: client.id,
      name: client.name,
      instance: client.instance,
      again: result.outcome === "repeated",
      address,
    });
    return Response.json({ client: client.id, instance: client.instance, certificate: result.pem });
  }
}

/** Lets a number of callers in at a time, in the order in which they came. */
class Gate {
  #free: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number, maxWaiting: number) {
    this.#free = places;
    this.#maxWaiting = maxWaiting;
  }

  /** @returns false when too many wait already; otherwise the caller must {@link leave}. */
  async enter(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    if (this.#waiting.length >= this.#maxWaiting) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** @returns the JSON of the body, null when it is not JSON, undefined when it is too large. */
async function readBody(request: Request): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    // null fits no schema, so the answer is that of any other malformed request.
    return null;
  }
}

/** The path and what was expected there; nothing of what was sent, beyond known keys. */
function describe(error: z.ZodError): string {
  const issue = error.issues[0]!;
  if (issue.code === "unrecognized_keys")
    return "the request has unknown keys. Is the agent a newer version?";
  return `${issue.path.length > 0 ? issue.path.join(".") : "request"}: ${issue.message}.`;
}

function tooManyFailures(wait: number): Response {
  const response = refusal(429, "unavailable", `too many failed attempts. Try again in ${wait} s.`);
  response.headers.set("Retry-After", String(wait));
  return response;
}

function refusal(status: number, errorType: string, error: string): Response {
  return Response.json({ status: "error", errorType, error }, { status });
}

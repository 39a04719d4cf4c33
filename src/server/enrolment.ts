import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { randomHex } from "../lib/random.ts";
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
import { Rate } from "./rate.ts";

const MAX_BODY_BYTES = 16 * 1024;
const TOKEN_LIFETIME_MS = 3_600_000;
/** Joins at work at the same time. The rest wait. */
const MAX_CONCURRENT = 16;
const MAX_WAITING = 512;
/** Guesses: tokens whose secret is not known here. */
const GUESS_LIMITS = { perAddress: 20, global: 200 };
/** Whoever knows a token's secret is limited by that token: its refusals cost a certificate each. */
const REFUSALS_PER_TOKEN = { perAddress: 200, global: Number.POSITIVE_INFINITY };
/** Log lines about refusals. */
const COMPLAINT_RATE = { burst: 60, perMinute: 60 };

/** Printable: no control, format, surrogate or private characters, no line or paragraph separator. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

const TOKEN = "expected a join token";
const CSR = "expected a certificate request in PEM of up to 4096 characters";
const NAME = "expected up to 64 printable characters";
const MACHINE_ID = "expected up to 64 letters, digits and dashes";

const REQUEST = z.strictObject(
  {
    token: z.string(TOKEN).max(256, TOKEN),
    csr: z.string(CSR).max(4096, CSR),
    name: z.string(NAME).trim().min(1, NAME).max(64, NAME).regex(PRINTABLE, NAME),
    machine_id: z.string(MACHINE_ID).regex(/^[A-Za-z0-9-]{0,64}$/, MACHINE_ID),
  },
  {
    error: (issue) =>
      issue.code === "invalid_type" ? "expected JSON with token, csr, name and machine_id" : undefined,
  },
);

/** A request to join that is well formed. */
interface Join {
  readonly request: z.infer<typeof REQUEST>;
  readonly token: JoinToken;
  readonly secretHash: string;
  /** The peer's, as the listener saw it. */
  readonly address: string;
}

const REFUSED = {
  expired: 'the token has expired. Create a new one with "dcmon token create" on the server.',
  used: 'the token has been used already. Create a new one with "dcmon token create" on the server.',
  unknown:
    'the server does not know this token. Paste it again, or create a new one with "dcmon token create".',
} as const;

interface EnrolmentOptions {
  readonly store: Pick<Store, "createToken" | "enrol" | "tokens">;
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
  readonly #guesses: FailureLimit;
  readonly #refusals: FailureLimit;
  readonly #complaints: Rate;
  readonly #gate = new Gate(MAX_CONCURRENT, MAX_WAITING);

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.#guesses = new FailureLimit(options.clock, GUESS_LIMITS);
    this.#refusals = new FailureLimit(options.clock, REFUSALS_PER_TOKEN);
    this.#complaints = new Rate(options.clock, COMPLAINT_RATE);
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

  /**
   * `POST /api/enroll`. A token that is known is served whatever strangers do: their guesses, and requests that are
   * none, neither count for it nor reach the work of a certificate.
   * @param address of the peer, as the listener saw it.
   */
  async enroll(request: Request, address: string): Promise<Response> {
    const body = await readBody(request);
    if (body === undefined)
      return refusal(413, "bad_data", `the request is larger than ${MAX_BODY_BYTES} bytes.`);
    const parsed = REQUEST.safeParse(body);
    if (!parsed.success) return refusal(400, "bad_data", describe(parsed.error));
    const token = parseJoinToken(parsed.data.token);
    if (token === undefined) return refusal(400, "bad_data", "token: expected dcmon1.<id>.<secret>.<pin>.");
    const join: Join = { request: parsed.data, token, secretHash: hashSecret(token.secret), address };
    const isKnown = this.#options.store.tokens.knows(token.id, join.secretHash);
    return isKnown ? this.#enter(join) : this.#refuseGuess(join);
  }

  #refuseGuess(join: Join): Response {
    const sender = senderOf(join.address);
    const wait = this.#guesses.wait(sender);
    if (wait > 0) return tooManyFailures(wait);
    this.#guesses.count(sender);
    return this.#refuse(join, "unknown");
  }

  async #enter(join: Join): Promise<Response> {
    const entered = await this.#gate.enter();
    if (!entered)
      return refusal(503, "unavailable", "too many nodes are joining at once. Try again in a few seconds.");
    try {
      const wait = this.#refusals.wait(join.token.id);
      if (wait > 0) return tooManyFailures(wait);
      const answer = await this.#grant(join);
      if (answer.status >= 400) this.#refusals.count(join.token.id);
      return answer;
    } finally {
      this.#gate.leave();
    }
  }

  async #grant(join: Join): Promise<Response> {
    const { authority, clock, log, store } = this.#options;
    const { address, request: asked, secretHash, token } = join;
    const request = await readRequest(asked.csr);
    if (!request.ok) return refusal(400, "bad_data", `csr: ${request.reason}.`);
    const id = randomHex(8);
    const certificate = await authority.issueClient(request, id);
    const result = await store.enrol({
      tokenId: token.id,
      secretHash,
      now: clock.now(),
      csrHash: request.keyHash,
      client: { id, name: asked.name, instance: asked.name, machineId: asked.machine_id },
      certificate,
    });
    if (result.outcome === "refused") return this.#refuse(join, result.reason);
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

  #refuse({ address, request, token }: Join, reason: keyof typeof REFUSED): Response {
    if (this.#complaints.take())
      this.#options.log.warn("refused to enroll a node", {
        name: request.name,
        reason,
        token: token.id,
        address,
      });
    return refusal(403, "forbidden", REFUSED[reason]);
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

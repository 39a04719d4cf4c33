import { z } from "zod";
import {
  MAX_LABEL_NAME_LENGTH,
  MAX_LABEL_VALUE_LENGTH,
  MAX_LABELS_PER_SERIES,
  MAX_LAYOUT_SERIES,
} from "./layout.ts";

/**
 * The control messages of the WebSocket between agent and server, JSON text with a `type`. In order:
 *
 *     agent  → hello, server → challenge, agent → proof, server → welcome     who is who (src/pki/proof.ts)
 *     agent  → begin, server → resume                                         where to go on
 *     agent  → layout …, binary frames (frame.ts);  server → ack, refused     until either closes
 */
export const WIRE_VERSION = 1;

/** The most bytes in one WebSocket message, once authenticated. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** The most bytes in one message before `welcome`. */
export const MAX_UNAUTHENTICATED_BYTES = 4096;
/** Hello and proof together have this long, and so has each further step and each answer. Milliseconds. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** The most that an agent sends ahead of its acknowledgement: frames by their `frameCost`, layouts by their bytes. */
export const WINDOW_BYTES = 256 * 1024;
/** The most layouts that `begin` lists; further ones are announced by `layout` before their first frame. */
export const MAX_BEGIN_LAYOUTS = 1024;

/** Close codes of the application's own range; the close reason says more in words. */
export const CLOSE = {
  badMessage: 4000,
  handshakeTimeout: 4001,
  notAuthenticated: 4002,
  revoked: 4003,
  evicted: 4004,
  unknownLayout: 4005,
  badFrame: 4006,
  busy: 4007,
  unsupportedVersion: 4008,
  stopping: 4009,
  serverNotProven: 4010,
  silent: 4011,
  layoutsExhausted: 4012,
} as const;

const hex = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `expected ${digits} hex digits`);
/** Canonical base64url without padding, so that one value has one spelling. */
const NONCE = z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, "expected base64url of 32 bytes");
const SIGNATURE = z.string().regex(/^[A-Za-z0-9_-]{85}[AQgw]$/, "expected base64url of 64 bytes");
const IDENTIFIER = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected 1 to 64 of A-Z a-z 0-9 _ -");
/** A server's leaf carries all its names; an agent's carries none, and its `hello` has to stay small. */
const AGENT_CHAIN = z.array(z.string().min(1).max(3000)).length(1);
const SERVER_CHAIN = z.array(z.string().min(1).max(16_000)).length(1);
const TIME_MS = z.int().min(0).max(8_640_000_000_000_000);
const LAYOUT_HASH = hex(32);
const EPOCH = hex(32);

const LAYOUT = z.strictObject({
  exporter: IDENTIFIER,
  interval: z
    .int()
    .min(1)
    .max(7 * 86_400_000),
  series: z
    .array(
      z
        .array(z.string().max(Math.max(MAX_LABEL_NAME_LENGTH, MAX_LABEL_VALUE_LENGTH)))
        .min(2)
        .max(2 * MAX_LABELS_PER_SERIES),
    )
    .min(1)
    .max(MAX_LAYOUT_SERIES),
});

const AGENT_MESSAGE = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("hello"),
    v: z.int().min(1).max(1000),
    chain: AGENT_CHAIN,
    nonce: NONCE,
    client: hex(16),
    boot: IDENTIFIER,
  }),
  z.strictObject({ type: z.literal("proof"), signature: SIGNATURE }),
  z.strictObject({
    type: z.literal("begin"),
    epoch: EPOCH,
    layouts: z.array(LAYOUT_HASH).max(MAX_BEGIN_LAYOUTS),
  }),
  z.strictObject({ type: z.literal("layout"), hash: LAYOUT_HASH, layout: LAYOUT }),
]);

const SERVER_MESSAGE = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("challenge"),
    nonce: NONCE,
    connection: IDENTIFIER,
    time: TIME_MS,
    chain: SERVER_CHAIN,
  }),
  z.strictObject({
    type: z.literal("welcome"),
    signature: SIGNATURE,
    instance: z.string().min(1).max(MAX_LABEL_VALUE_LENGTH),
    time: TIME_MS,
  }),
  z.strictObject({
    type: z.literal("resume"),
    epoch: EPOCH,
    sequence: z.int().min(0),
    need: z.array(LAYOUT_HASH).max(MAX_BEGIN_LAYOUTS),
  }),
  z.strictObject({ type: z.literal("ack"), sequence: z.int().min(1) }),
  z.strictObject({ type: z.literal("refused"), hash: LAYOUT_HASH, reason: z.string().max(500) }),
]);

export type AgentMessage = z.infer<typeof AGENT_MESSAGE>;
export type ServerMessage = z.infer<typeof SERVER_MESSAGE>;

/** `fault` is one short sentence that repeats nothing of the hostile text beyond a bounded, quoted path. */
type Parsed<M> = { readonly ok: true; readonly message: M } | { readonly ok: false; readonly fault: string };

/** Reads what an agent sent. Never throws. The labels of a `layout` still have to pass `layoutFault`. */
export function parseAgentMessage(text: string): Parsed<AgentMessage> {
  return parseMessage(AGENT_MESSAGE, text);
}

/** Reads what a server sent. Never throws. */
export function parseServerMessage(text: string): Parsed<ServerMessage> {
  return parseMessage(SERVER_MESSAGE, text);
}

export function encodeMessage(message: AgentMessage | ServerMessage): string {
  return JSON.stringify(message);
}

/** Cuts `text` to the 123 bytes that a WebSocket close reason may have. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text.toWellFormed(), "utf8");
  if (bytes.length <= 123) return text.toWellFormed();
  let end = 120;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return `${bytes.toString("utf8", 0, end)}…`;
}

function parseMessage<M>(schema: z.ZodType<M>, text: string): Parsed<M> {
  if (text.length > MAX_MESSAGE_BYTES)
    return { ok: false, fault: `message of ${text.length} characters is too long` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, fault: "message is not JSON" };
  }
  const result = schema.safeParse(json);
  if (result.success) return { ok: true, message: result.data };
  return { ok: false, fault: describe(result.error.issues[0], json) };
}

/** Zod quotes unknown keys in its own message; they are the sender's text, so only their presence is told. */
function describe(issue: z.core.$ZodIssue | undefined, json: unknown): string {
  const type = typeof json === "object" && json !== null && "type" in json ? json.type : undefined;
  const name = typeof type === "string" && /^[a-z]{1,16}$/.test(type) ? `${type} message` : "message";
  if (issue === undefined) return `${name} does not fit its schema`;
  const at = issue.path.length === 0 ? "" : `${issue.path.slice(0, 6).map(String).join(".")}: `;
  switch (issue.code) {
    case "unrecognized_keys":
      return `${name}: ${at}has ${issue.keys.length} unknown keys`;
    case "invalid_union":
      return `${name}: its type is not known here`;
    default:
      return `${name}: ${at}${issue.message}`.slice(0, 200);
  }
}

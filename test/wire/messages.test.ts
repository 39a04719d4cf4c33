import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_LAYOUT_SERIES } from "../../src/wire/layout.ts";
import {
  type AgentMessage,
  CLOSE,
  closeReason,
  encodeMessage,
  MAX_BEGIN_LAYOUTS,
  MAX_MESSAGE_BYTES,
  parseAgentMessage,
  parseServerMessage,
  type ServerMessage,
} from "../../src/wire/messages.ts";

const HASH = "0123456789abcdef0123456789abcdef";
const NONCE = Buffer.alloc(32, 7).toString("base64url");
const SIGNATURE = Buffer.alloc(64, 9).toString("base64url");

const FROM_AGENT: AgentMessage[] = [
  {
    type: "hello",
    v: 1,
    chain: ["-----BEGIN CERTIFICATE-----"],
    nonce: NONCE,
    client: "00112233aabbccdd",
    boot: "b-1",
  },
  { type: "proof", signature: SIGNATURE },
  { type: "begin", epoch: HASH, layouts: [HASH] },
  {
    type: "layout",
    hash: HASH,
    layout: { exporter: "os", interval: 5000, series: [["__name__", "up", "a", "ü"]] },
  },
];
const FROM_SERVER: ServerMessage[] = [
  {
    type: "challenge",
    nonce: NONCE,
    connection: "c1",
    time: 1_700_000_000_000,
    chain: ["-----BEGIN CERTIFICATE-----"],
  },
  { type: "welcome", signature: SIGNATURE, instance: "gpu-1", time: 1_700_000_000_000 },
  { type: "resume", epoch: HASH, sequence: 0, need: [] },
  { type: "ack", sequence: 12 },
  { type: "refused", hash: HASH, reason: "no" },
];

test("every message comes back as it was, and only in its own direction", () => {
  for (const message of FROM_AGENT) {
    expect(parseAgentMessage(encodeMessage(message))).toEqual({ ok: true, message });
    expect(parseServerMessage(encodeMessage(message)).ok).toBe(false);
  }
  for (const message of FROM_SERVER) {
    expect(parseServerMessage(encodeMessage(message))).toEqual({ ok: true, message });
    expect(parseAgentMessage(encodeMessage(message)).ok).toBe(false);
  }
});

const BOTH = [
  [parseAgentMessage, FROM_AGENT],
  [parseServerMessage, FROM_SERVER],
] as const;

test("a message with one member too many, too few, or of another type is refused", () => {
  for (const [parse, messages] of BOTH)
    for (const message of messages) {
      expect(parse(JSON.stringify({ ...message, extra: 1 })).ok).toBe(false);
      expect(parse(`${JSON.stringify(message).slice(0, -1)},"__proto__":{"a":1}}`).ok).toBe(false);
      for (const key of Object.keys(message)) {
        expect(parse(JSON.stringify({ ...message, [key]: undefined })).ok).toBe(false);
        for (const other of [null, {}, -1.5, true])
          expect({ key, other, ...parse(JSON.stringify({ ...message, [key]: other })) }).toMatchObject({
            ok: false,
          });
      }
    }
});

test("any text and any JSON is read without a throw, and the fault is short", () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        type: fc.constantFrom("hello", "begin", "layout", "ack", "__proto__"),
        layout: fc.jsonValue(),
        hash: fc.string(),
        sequence: fc.double(),
      })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(anything, (text) => {
      for (const parse of [parseAgentMessage, parseServerMessage]) {
        const parsed = parse(text);
        if (!parsed.ok) expect(parsed.fault.length).toBeLessThanOrEqual(200);
      }
    }),
    { numRuns: 3000 },
  );
});

test("a fault does not repeat the sender's text", () => {
  const evil = "\u001b[31mevil";
  for (const text of [
    evil,
    `{"type":"${"x".repeat(50)}"}`,
    JSON.stringify({ type: "proof", [evil]: 1, signature: SIGNATURE }),
    JSON.stringify({ type: "proof", signature: evil }),
    JSON.stringify({ type: evil }),
  ]) {
    const parsed = parseAgentMessage(text);
    expect(parsed.ok ? "" : parsed.fault).not.toContain("evil");
    expect(parsed.ok ? "" : parsed.fault).not.toContain("xxx");
  }
});

test.each([
  ["a message beyond 1 MiB", `"${"x".repeat(MAX_MESSAGE_BYTES)}"`],
  ["deep nesting", "[".repeat(500_000)],
  [
    "a nonce of 31 bytes",
    JSON.stringify({ ...FROM_AGENT[0], nonce: Buffer.alloc(31).toString("base64url") }),
  ],
  [
    "a nonce with another spelling of its last bits",
    JSON.stringify({ ...FROM_AGENT[0], nonce: `${"A".repeat(42)}B` }),
  ],
  ["two certificates", JSON.stringify({ ...FROM_AGENT[0], chain: ["a", "b"] })],
  ["an upper-case client", JSON.stringify({ ...FROM_AGENT[0], client: "00112233AABBCCDD" })],
  [
    "too many layouts in begin",
    JSON.stringify({ type: "begin", epoch: HASH, layouts: new Array(MAX_BEGIN_LAYOUTS + 1).fill(HASH) }),
  ],
  [
    "a layout without series",
    JSON.stringify({ type: "layout", hash: HASH, layout: { exporter: "os", interval: 1, series: [] } }),
  ],
  [
    "a layout with too many series",
    JSON.stringify({
      type: "layout",
      hash: HASH,
      layout: { exporter: "os", interval: 1, series: new Array(MAX_LAYOUT_SERIES + 1).fill(["a", "b"]) },
    }),
  ],
  [
    "an interval of 0",
    JSON.stringify({
      type: "layout",
      hash: HASH,
      layout: { exporter: "os", interval: 0, series: [["a", "b"]] },
    }),
  ],
  [
    "a label that is no text",
    JSON.stringify({
      type: "layout",
      hash: HASH,
      layout: { exporter: "os", interval: 1, series: [["a", 1]] },
    }),
  ],
])("%s is refused", (_, text) => {
  expect(parseAgentMessage(text).ok).toBe(false);
});

test.each(["1e400", "1.5", "-1", "9007199254740993", "null", '"1"'])(
  "a sequence of %s is refused",
  (sequence) => {
    expect(parseServerMessage(`{"type":"ack","sequence":${sequence}}`).ok).toBe(false);
  },
);

test("a close reason is cut to 123 bytes of whole characters", () => {
  expect(closeReason("short")).toBe("short");
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const reason = closeReason(text);
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
      expect(reason).not.toContain("\ufffd".repeat(2));
    }),
  );
  expect(closeReason("€".repeat(100))).toBe(`${"€".repeat(40)}…`);
});

test("close codes are distinct, and in the range that applications have", () => {
  const codes = Object.values(CLOSE);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect(code >= 4000 && code <= 4099).toBe(true);
});

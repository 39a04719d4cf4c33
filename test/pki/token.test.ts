import { expect, test } from "bun:test";
import { createJoinToken, formatJoinToken, hashSecret, parseJoinToken } from "../../src/pki/token.ts";

const PIN = Buffer.alloc(32, 7).toString("base64url");

test("a token survives being written and read", () => {
  const token = createJoinToken(PIN);
  expect(parseJoinToken(formatJoinToken(token))).toEqual(token);
  expect(Buffer.from(token.secret, "base64url").length).toBe(32);
});

test("two tokens share nothing but the pin", () => {
  const [a, b] = [createJoinToken(PIN), createJoinToken(PIN)];
  expect(a.id).not.toBe(b.id);
  expect(a.secret).not.toBe(b.secret);
});

test("anything but exactly a token is refused", () => {
  const { id, secret } = createJoinToken(PIN);
  const f = (text: string) => expect(parseJoinToken(text)).toBeUndefined();
  f("");
  f(`dcmon2.${id}.${secret}.${PIN}`);
  f(`dcmon1.${id.toUpperCase()}A.${secret}.${PIN}`);
  f(`dcmon1.${id}.${secret}`);
  f(`dcmon1.${id}.${secret}.${PIN}.`);
  f(` dcmon1.${id}.${secret}.${PIN}`);
  f(`dcmon1.${id}.${secret}.${PIN}\n`);
  f(`dcmon1.${id}.${secret.slice(1)}.${PIN}`);
  f(`dcmon1.${id}.${secret.slice(0, -1)}B.${PIN}`);
  f(`dcmon1.${id}.${secret}=.${PIN}`);
});

test("the stored hash is not the secret", () => {
  const { secret } = createJoinToken(PIN);
  expect(hashSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
  expect(hashSecret(secret)).not.toContain(secret);
});

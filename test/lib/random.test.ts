import { expect, test } from "bun:test";
import { randomHex, randomText } from "../../src/lib/random.ts";

test("random bytes: two hexadecimal digits each, or base64url without padding, and never the same twice", () => {
  expect(randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
  expect(randomText(32)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const many = Array.from({ length: 1000 }, () => randomText(16));
  expect(new Set(many).size).toBe(1000);
});

import { expect, test } from "bun:test";
import { statusOf } from "../../src/server/client_status.ts";

const DOWN_AFTER_MS = 300_000;

function status(silence: number | undefined, interval?: number): string {
  const now = 1_800_000_000_000;
  const last = silence === undefined ? undefined : now - silence;
  return statusOf("c", last, now, { intervalOf: () => interval, downAfterMs: DOWN_AFTER_MS });
}

test("a client is online for three intervals and at least 15 s, then stale, then down", () => {
  expect(status(undefined)).toBe("never");
  expect([status(15_000), status(15_001)]).toEqual(["online", "stale"]);
  expect([status(90_000, 30_000), status(90_001, 30_000)]).toEqual(["online", "stale"]);
  expect([status(300_000), status(300_001)]).toEqual(["stale", "down"]);
});

test("a client that promises a frame a week is down as soon as any other", () => {
  const week = 7 * 86_400_000;
  expect([status(300_000, week), status(300_001, week)]).toEqual(["online", "down"]);
});

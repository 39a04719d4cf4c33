import { expect, test } from "bun:test";
import { SlowCalls, Unanswered } from "../../src/agent/slow_calls.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { settle } from "./fake_time.ts";

function pending<T>() {
  return Promise.withResolvers<T>();
}

test("an answer in time is given, an error too", async () => {
  const calls = new SlowCalls(systemClock, 1);
  expect(await calls.call("a", 100, async () => 7)).toBe(7);
  await expect(calls.call("a", 100, () => Promise.reject(new Error("EIO")))).rejects.toThrow("EIO");
});

test("what hangs is not asked again until it has answered", async () => {
  const calls = new SlowCalls(systemClock, 2);
  const answer = pending<number>();
  await expect(calls.call("nfs", 20, () => answer.promise)).rejects.toThrow(
    "nfs has not answered within 20 ms",
  );
  let asked = false;
  const again = calls.call("nfs", 20, async () => {
    asked = true;
    return 1;
  });
  await expect(again).rejects.toThrow(/^nfs has not answered since \d{4}-/);
  await settle();
  expect(asked).toBeFalse();
  answer.resolve(1);
  await settle();
  expect(await calls.call("nfs", 20, async () => 2)).toBe(2);
});

test("when too many hang, nothing else is started", async () => {
  const calls = new SlowCalls(systemClock, 1);
  const answer = pending<void>();
  await calls.call("nfs", 10, () => answer.promise).catch(() => {});
  await expect(calls.call("ceph", 10, async () => {})).rejects.toThrow(Unanswered);
  answer.reject(new Error("ESTALE"));
  await settle();
  expect(await calls.call("ceph", 10, async () => "ok")).toBe("ok");
});

import { beforeEach, expect, test } from "bun:test";
import { Inbox, type Receiver } from "../../src/server/inbox.ts";

/** Handling a message takes 2 ms of this clock. */
const clock = { time: 0, now: () => clock.time, monotonic: () => clock.time };
let handled: string[];

function receiver(name: string): Receiver {
  return {
    receive: (message) => {
      clock.time += 2;
      handled.push(`${name}${message}`);
    },
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  handled = [];
});

test("messages are handled as they come while the turn has time, the others in later turns, all in order", async () => {
  const inbox = new Inbox(clock);
  const [a, b] = [receiver("a"), receiver("b")];
  for (let i = 0; i < 5; i++) {
    inbox.deliver(a, String(i));
    inbox.deliver(b, String(i));
  }
  expect(handled).toEqual(["a0", "b0", "a1"]);
  await nextTurn();
  inbox.deliver(a, "5");
  expect(handled).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
  while (handled.length < 11) await nextTurn();
  expect(handled).toEqual(["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4", "a5"]);
});

test("a turn's time is whole again in the next turn", async () => {
  const inbox = new Inbox(clock);
  for (let i = 0; i < 3; i++) inbox.deliver(receiver("a"), String(i));
  await nextTurn();
  await nextTurn();
  for (let i = 3; i < 6; i++) inbox.deliver(receiver("a"), String(i));
  expect(handled).toHaveLength(6);
});

test("beyond the most that may wait, everything is handled at once", () => {
  const inbox = new Inbox(clock, 5);
  const a = receiver("a");
  for (let i = 0; i < 8; i++) inbox.deliver(a, String(i));
  expect(handled).toHaveLength(3);
  inbox.deliver(a, "8");
  expect(handled).toHaveLength(9);
});

test("what a receiver throws does not keep back the messages after it", async () => {
  const inbox = new Inbox(clock, 2);
  const thrower = {
    receive: () => {
      throw new Error("broken");
    },
  };
  for (let i = 0; i < 3; i++) inbox.deliver(receiver("a"), String(i));
  inbox.deliver(thrower, "--");
  expect(() => inbox.deliver(receiver("b"), "0")).toThrow("broken");
  await nextTurn();
  expect(handled.at(-1)).toBe("b0");
});

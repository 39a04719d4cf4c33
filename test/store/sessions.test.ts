import { expect, test } from "bun:test";
import { Sessions } from "../../src/store/sessions.ts";
import { HeldClock } from "../support/held_clock.ts";
import { recordingLog } from "../support/recording_logger.ts";
import { T0 } from "./fixture.ts";

test("a login that the disk refuses holds, and the log says for how long", async () => {
  const log = recordingLog();
  const full = () => Promise.reject(new Error("database or disk is full"));
  const sessions = new Sessions({ createSession: full, endSession: full }, new HeldClock(T0), log);
  sessions.create("h1", T0 + 1000);
  sessions.create("h2", T0 + 1000);
  sessions.remove("h2");
  await Bun.sleep(0);
  expect([sessions.find("h1"), sessions.find("h2")]).toEqual([{ expiresAt: T0 + 1000 }, undefined]);
  expect(new Set(log.lines.map(({ message }) => message))).toEqual(
    new Set([
      "cannot keep a change of a login: a restart of the server ends it",
      "cannot keep a change of a login: a restart of the server brings it back until it expires",
    ]),
  );
});

test("a session that has ended or expired is not prolonged", () => {
  const clock = new HeldClock(T0);
  const written = async () => {};
  const sessions = new Sessions({ createSession: written, endSession: written }, clock, recordingLog());
  sessions.create("ended", T0 + 1000);
  sessions.create("expired", T0 + 1000);
  sessions.remove("ended");
  sessions.prolong("ended", T0 + 9000);
  clock.time += 1000;
  sessions.prolong("expired", T0 + 9000);
  expect([sessions.find("ended"), sessions.find("expired")]).toEqual([undefined, undefined]);
});

import { expect, test } from "bun:test";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { createLogger, formatJson, formatText } from "../../src/lib/log.ts";
import { type LogSink, openLogSink } from "../../src/lib/log_sink.ts";
import { temporaryFolder } from "../support/temporary.ts";

const TIME = Date.parse("2026-11-21T10:00:00.000Z");
const HOSTILE = 'a\nb\r\u001b[2J\u0000\u009b\u2028\u202e"\\';

test("a text line is time, level, message and quoted values", () => {
  expect(
    formatText(TIME, "info", "agent is connected", { client: "gpu-07", reason: "two words", n: 3 }),
  ).toBe('2026-11-21T10:00:00.000Z info  agent is connected client=gpu-07 reason="two words" n=3');
});

test("undefined fields are left out in both formats", () => {
  expect(formatText(TIME, "warn", "m", { a: undefined })).toBe("2026-11-21T10:00:00.000Z warn  m");
  expect(JSON.parse(formatJson(TIME, "warn", "m", { a: undefined }))).toEqual({
    time: "2026-11-21T10:00:00.000Z",
    level: "warn",
    message: "m",
  });
});

test("no hostile character leaves either format raw, and JSON gives the text back", () => {
  for (const format of [formatText, formatJson]) {
    const line = format(TIME, "error", HOSTILE, { value: HOSTILE });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not appear
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
  }
  expect(JSON.parse(formatJson(TIME, "error", HOSTILE, { value: HOSTILE }))).toMatchObject({
    message: HOSTILE,
    value: HOSTILE,
  });
});

test("a logger drops lines below its level and adds bound fields", () => {
  const lines: string[] = [];
  const sink: LogSink = { write: (line) => void lines.push(line), reopen() {}, flush: async () => {} };
  const log = createLogger({
    level: "warn",
    format: "json",
    sink,
    clock: { now: () => TIME, monotonic: () => 0 },
  });
  log.info("no");
  log.with({ client: "a" }).warn("yes", { n: 1 });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time: "2026-11-21T10:00:00.000Z", level: "warn", message: "yes", client: "a", n: 1 },
  ]);
});

test("a log file is appended to in order and opened anew after rotation", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "dcmon.log");
  const sink = openLogSink(path);
  for (let i = 0; i < 500; i++) sink.write(`old ${i}`);
  await sink.flush();
  renameSync(path, `${path}.1`);
  sink.reopen();
  sink.write("new");
  await sink.flush();
  expect(readFileSync(`${path}.1`, "utf8")).toBe(
    Array.from({ length: 500 }, (_, i) => `old ${i}\n`).join(""),
  );
  expect(readFileSync(path, "utf8")).toBe("new\n");
});

test("a log file that cannot be opened is an error that names it", () => {
  expect(() => openLogSink("/proc/none/dcmon.log")).toThrow(
    /Cannot open log file \/proc\/none\/dcmon\.log: its folder does not exist\./,
  );
});

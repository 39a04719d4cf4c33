import { afterEach, beforeEach, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const ENV = { PATH: "/usr/bin:/bin" };

let folder: ReturnType<typeof temporaryFolder>;
let server: Bun.Subprocess<"ignore", "pipe", "pipe">;
let port: string;

beforeEach(async () => {
  folder = temporaryFolder();
  server = Bun.spawn(
    [process.execPath, MAIN, "server", "--data-dir", folder.path, "--listen", "127.0.0.1:0"],
    { env: ENV, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const { value } = await server.stdout.getReader().read();
  port = /localhost:(\d+)/.exec(new TextDecoder().decode(value))?.[1] ?? "";
}, 30_000);

afterEach(async () => {
  server.kill("SIGTERM");
  await server.exited;
  folder[Symbol.dispose]();
});

function tokenCreate(...flags: string[]): { code: number; out: string; err: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, MAIN, "token", "create", "--data-dir", folder.path, ...flags],
    { env: ENV, stdin: "ignore" },
  );
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

test("token create finds the server by its data directory, and prints the command as the README has it", () => {
  expect(statSync(join(folder.path, "listening")).mode & 0o777).toBe(0o600);
  const { code, out, err } = tokenCreate("--url", `https://localhost:${port}/`);
  expect(err).toMatch(/^Copy dcmon to the node and run this there, before \S+Z\. It works once\.\n$/);
  expect(out).toMatch(/^\.\/dcmon agent --server https:\/\/localhost:\d+ --token dcmon1\.\S+\n$/);
  expect(out).toContain(`:${port} `);
  expect(code).toBe(0);
});

test("token create warns of an address at which no agent could join", () => {
  expect(tokenCreate().err).toMatch(/Warning: the server listens on 127\.0\.0\.1:\d+, which other machines/);
  const { err, out } = tokenCreate("--url", "https://dcmon.example:8000");
  expect(err).toContain(
    "does not cover dcmon.example, so agents will not connect to it. It covers 127.0.0.1",
  );
  expect(err).toContain("Add dcmon.example to server.names");
  expect(out).toContain("--server https://dcmon.example:8000 ");
});

test("token create refuses a malformed --url before it makes a token", () => {
  for (const url of [
    "http://dcmon.example:8000",
    "dcmon.example",
    "https://dcmon.example",
    "",
    "https://a:1/b",
  ]) {
    const { code, out, err } = tokenCreate("--url", url);
    expect(err).toBe(
      `dcmon: --url: expected an address like https://host:8000, got ${JSON.stringify(url)}\n`,
    );
    expect([code, out]).toEqual([2, ""]);
  }
});

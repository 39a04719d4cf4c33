import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

/** `dcmon server` from source, once it has printed its start line. */
async function startServer(folder: string, { bun = [] as string[], flags = [] as string[] } = {}) {
  const address = ["--data-dir", folder, "--listen", "127.0.0.1:0"];
  const child = Bun.spawn([process.execPath, ...bun, MAIN, "server", ...address, ...flags], {
    env: { PATH: "/usr/bin:/bin" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
  child.exited.then(() => clearTimeout(patience));
  await child.stdout.getReader().read();
  return child;
}

test("a server whose writer has ended says so in one line, and ends with 1 for its supervisor to start it anew", async () => {
  using folder = temporaryFolder();
  const child = await startServer(folder.path, {
    bun: ["--preload", join(import.meta.dir, "failing_writer.ts")],
    flags: ["--log-level", "error"],
  });
  child.kill("SIGUSR2");
  expect(await new Response(child.stderr).text()).toMatch(
    /^dcmon: Cannot store anything more: the writer's thread ended \(.+\)\. Restart dcmon\.\n$/,
  );
  expect(await child.exited).toBe(1);
}, 30_000);

/** After the first retention, which comes one second after the start. */
const BUSY_MS = 1500;

test("with --log-format json every line is JSON, at level debug too", async () => {
  using folder = temporaryFolder();
  const child = await startServer(folder.path, { flags: ["--log-level", "debug", "--log-format", "json"] });
  await Bun.sleep(BUSY_MS);
  child.kill("SIGTERM");
  const lines = (await new Response(child.stderr).text()).trimEnd().split("\n");
  expect(lines.filter((line) => !line.startsWith("{"))).toEqual([]);
  expect(lines.length).toBeGreaterThan(1);
}, 30_000);

test("with --trace-phases the writer says what it does, before and after", async () => {
  using folder = temporaryFolder();
  const child = await startServer(folder.path, { flags: ["--trace-phases"] });
  await Bun.sleep(BUSY_MS);
  child.kill("SIGTERM");
  expect(await new Response(child.stderr).text()).toContain("\nretention begin\nretention end\n");
}, 30_000);

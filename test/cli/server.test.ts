import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../pki/fixtures.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

test("a server whose writer has ended says so in one line, and ends with 1 for its supervisor to start it anew", async () => {
  using folder = temporaryFolder();
  const child = Bun.spawn(
    [
      process.execPath,
      "--preload",
      join(import.meta.dir, "failing_writer.ts"),
      MAIN,
      "server",
      "--data-dir",
      folder.path,
      "--listen",
      "127.0.0.1:0",
      "--log-level",
      "error",
    ],
    { env: { PATH: "/usr/bin:/bin" }, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  await child.stdout.getReader().read();
  child.kill("SIGUSR2");
  const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const said = await new Response(child.stderr).text();
  clearTimeout(patience);
  expect(said).toMatch(
    /^dcmon: Cannot store anything more: the writer's thread ended \(.+\)\. Restart dcmon\.\n$/,
  );
  expect(await child.exited).toBe(1);
}, 30_000);

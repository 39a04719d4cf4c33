import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const SPOOL = /^data\/agent\/.*\.db$/;

test("every file that dcmon writes is its user's alone, whatever the umask it was started with", async () => {
  using folder = temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const dcmon = [process.execPath, MAIN, "all", "--data-dir", at("data"), "--listen", "127.0.0.1:0"];
  const child = Bun.spawn(["sh", "-c", 'umask 000; exec "$@"', "sh", ...dcmon, "--log-file", at("log")], {
    env: { PATH: "/usr/bin:/bin" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const names = () => [...new Bun.Glob("**/*").scanSync({ cwd: folder.path, onlyFiles: false, dot: true })];
  try {
    await until(
      () => child.exitCode !== null || names().some((name) => SPOOL.test(name)),
      "the agent's spool",
    );
    const modes = names().map(
      (name) => [name, statSync(at(name), { throwIfNoEntry: false })?.mode ?? 0] as const,
    );
    expect(modes.filter(([, mode]) => (mode & 0o077) !== 0).map(([name]) => name)).toEqual([]);
    expect(modes.map(([name]) => name)).toContain("data/dcmon.db");
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}, 40_000);

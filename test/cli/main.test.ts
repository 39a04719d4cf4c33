import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFile, temporaryFolder } from "../support/temporary.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

function dcmon(...args: string[]): { code: number; out: string; err: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...args], {
    env: { PATH: "/usr/bin:/bin" },
    stdin: "ignore",
  });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

test("--help says how to begin, and ends with 0", () => {
  const { code, out } = dcmon("--help");
  expect(code).toBe(0);
  expect(out).toContain('run "dcmon all"');
  expect(out).toContain('run "dcmon token create"');
  for (const command of ["all", "server", "agent", "token", "config", "version"])
    expect(out).toContain(`  ${command}`);
});

test("version and --version print the same version", () => {
  const { code, out } = dcmon("version");
  expect(code).toBe(0);
  expect(out).toMatch(/^dcmon \d+\.\d+\.\d+ \(Bun \d/);
  expect(out).toStartWith(dcmon("--version").out.trim());
});

test("a wrong command line ends with 2 and says what comes near", () => {
  const cases: [args: string[], hint: string][] = [
    [[], "Usage: dcmon"],
    [["sever"], "server"],
    [["server", "--lissten", "x"], "--listen"],
    [["server", "--lissten", "x"], 'Try "dcmon server --help".'],
    [["token", "create", "--lisen", "x"], 'Try "dcmon token create --help".'],
    [["server", "--data-dir", ""], "--data-dir: expected a value, got empty text"],
    [["server", "--config", ""], "--config: expected a value, got empty text"],
    [["agent", "--server", "https://localhost"], "expected an address like https://host:8000"],
    [["server", "--listen"], "argument missing"],
    [["agent", "extra"], "too many arguments"],
    [["token"], "Usage: dcmon token"],
    [["token", "create", "--log-level", "debug"], "unknown option '--log-level'"],
  ];
  for (const [args, hint] of cases) {
    const { code, err } = dcmon(...args);
    expect(err).toContain(hint);
    expect(code).toBe(2);
  }
});

test("a wrong configuration ends with 2, one line a mistake, before anything is started", () => {
  using file = temporaryFile("server:\n  prot: 1\n  metrics_days: 0\n");
  const { code, out, err } = dcmon("all", "--config", file.path, "--log-level", "loud", "--listen", "8000");
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toBe('dcmon: --listen: expected HOST:PORT, such as 0.0.0.0:8000 or [::]:8000, got "8000"\n');
  const fixed = dcmon("all", "--config", file.path, "--log-level", "loud", "--listen", "[::]:0");
  expect(fixed.code).toBe(2);
  expect(fixed.err.trim().split("\n")).toEqual([
    'dcmon: --log-level: server.log_level: expected one of debug, info, warn, error, got "loud"',
    `dcmon: ${file.path}:3:17: server.metrics_days: expected a number above 0, up to 36500, got 0`,
    `dcmon: ${file.path}:2:3: unknown key "server.prot"; nearest valid key: server.port`,
  ]);
});

test("a log file that cannot be opened ends with 1 and one sentence", () => {
  const { code, err } = dcmon("server", "--log-file", "/proc/none/dcmon.log", "--data-dir", "/proc/none");
  expect(code).toBe(1);
  expect(err).toMatch(/^dcmon: Cannot open log file \/proc\/none\/dcmon\.log: .*\n$/);
});

test("token create without a server names the file it could not read", () => {
  const { code, err } = dcmon("token", "create", "--data-dir", "/proc/none");
  expect(code).toBe(1);
  expect(err).toMatch(/^dcmon: Cannot read \/proc\/none\/pki\/ca\.pem: .*--data-dir.*\n$/);
});

test("an agent that has not joined and is given no server or no token says what to pass, and ends with 2", () => {
  using folder = temporaryFolder();
  expect(dcmon("agent", "--data-dir", folder.path)).toEqual({
    code: 2,
    out: "",
    err: "dcmon: No server given: pass --server https://HOST:8000 and --token as printed by `dcmon token create`.\n",
  });
  const { code, err } = dcmon("agent", "--data-dir", folder.path, "--server", "https://localhost:8000");
  expect([code, err]).toEqual([
    2,
    "dcmon: No token given: pass --token as printed by `dcmon token create` on the server.\n",
  ]);
});

test("an agent keeps out of a server's data directory", () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "dcmon.db"), "");
  const { code, err } = dcmon("agent", "--data-dir", folder.path);
  expect(code).toBe(2);
  expect(err).toContain(`got the server's data directory "${folder.path}"`);
});

test("an address to listen on that does not resolve, or is another machine's, is told as such", () => {
  using folder = temporaryFolder();
  const listen = (address: string) => dcmon("server", "--data-dir", folder.path, "--listen", address).err;
  expect(listen("nosuch.invalid:1")).toContain("the name nosuch.invalid does not resolve");
  expect(listen("192.0.2.1:23411")).toContain("this machine has no such address");
});

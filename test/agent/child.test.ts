import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild } from "../../src/agent/child.ts";
import { until } from "../support/until.ts";

const SHELL = "/bin/sh";
const LIMITS = { timeoutMs: 30_000, maxBytes: 1 << 16 };

function shell(script: string, options = LIMITS) {
  return runChild([SHELL, "-c", script], options);
}

test("a program's output, message and exit code are given", async () => {
  const result = await shell("echo out; echo err >&2; exit 3");
  expect(result).toEqual({ outcome: "exited", exitCode: 3, stdout: "out\n", stderr: "err\n" });
});

test("a program that is not installed is undefined", async () => {
  expect(await runChild(["/usr/bin/there-is-no-such-program"], LIMITS)).toBeUndefined();
});

test("a relative path is refused", async () => {
  await expect(runChild(["sh", "-c", "true"], LIMITS)).rejects.toThrow(
    'Cannot run "sh": the path of a program must be absolute.',
  );
});

test("the agent's environment is not passed on", async () => {
  process.env.DCMON_TEST_SECRET = "token";
  const result = await runChild(["/usr/bin/env"], { ...LIMITS, env: { GIVEN: "1" } });
  delete process.env.DCMON_TEST_SECRET;
  expect(result?.stdout.trim().split("\n").sort()).toEqual([
    "GIVEN=1",
    "LC_ALL=C",
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
  ]);
});

test("a child that ignores SIGTERM and its grandchild that holds the pipe are killed at the deadline", async () => {
  const pids = join(tmpdir(), `dcmon-child-${process.pid}`);
  const started = performance.now();
  const result = await shell(
    `trap '' TERM HUP; (trap '' TERM HUP; echo $$ > ${pids}; sh -c 'echo $PPID >> ${pids}; sleep 60') & echo begun; sleep 60`,
    { timeoutMs: 1000, maxBytes: 1000 },
  );
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(result).toMatchObject({ outcome: "timeout", exitCode: null, stdout: "begun\n" });
  const [child, grandchild] = readFileSync(pids, "utf8").trim().split("\n").map(Number);
  await until(() => !isAlive(child!) && !isAlive(grandchild!));
  rmSync(pids);
});

test("a grandchild that outlives its parent is not waited for, and does not outlive the run", async () => {
  const started = performance.now();
  const result = await shell("sleep 60 & echo $!");
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(result).toMatchObject({ outcome: "exited", exitCode: 0 });
  await until(() => !isAlive(Number(result?.stdout)));
});

test("a grandchild that has left the process group and holds the pipe does not hang the run", async () => {
  const started = performance.now();
  const result = await shell("setsid sleep 60 & echo $!");
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(result?.outcome).toBe("exited");
  process.kill(Number(result?.stdout), "SIGKILL");
});

test("a flood is cut at the limit and ended", async () => {
  const started = performance.now();
  const result = await shell("while :; do echo 0123456789012345678901234567890123456789; done", {
    timeoutMs: 60_000,
    maxBytes: 4096,
  });
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(result?.outcome).toBe("flooded");
  expect(result?.stdout.length).toBe(4096);
});

test("a flood of messages is cut, and its writer not blocked", async () => {
  const result = await shell("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo done");
  expect(result).toMatchObject({ outcome: "exited", exitCode: 0, stdout: "done\n" });
  expect(result?.stderr.length).toBe(4096);
});

test("the caller can end a run", async () => {
  const started = performance.now();
  const result = await runChild([SHELL, "-c", "sleep 60"], { ...LIMITS, signal: AbortSignal.timeout(100) });
  expect(result?.outcome).toBe("aborted");
  expect(performance.now() - started).toBeLessThan(15_000);
});

test("work that can wait runs at the lowest priority", async () => {
  const result = await runChild([SHELL, "-c", "sleep 0.1; cut -d' ' -f19 /proc/self/stat"], {
    ...LIMITS,
    lowPriority: true,
  });
  expect(result?.stdout.trim()).toBe("19");
});

/** A killed process that nobody has waited for yet is a zombie, not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

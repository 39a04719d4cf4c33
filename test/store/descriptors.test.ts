import { expect, test } from "bun:test";
import { join } from "node:path";

test("a query worker that cannot be replaced for want of file descriptors is replaced when there are some", async () => {
  const command = [process.execPath, join(import.meta.dir, "descriptors_child.ts")];
  const child = Bun.spawn(["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", ...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  expect(await new Response(child.stdout).text()).toBe('timeout\n{"a":1}\n');
  expect(await child.exited).toBe(0);
}, 60_000);

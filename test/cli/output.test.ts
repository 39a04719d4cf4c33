import { expect, test } from "bun:test";
import { join } from "node:path";

const CHILD = join(import.meta.dir, "printing_child.ts");

function pipedThrough(reader: string, lines: number): { out: string; code: string } {
  const script = `{ "$0" "$1" ${lines}; echo $? >&2; } | ${reader}`;
  const { stdout, stderr } = Bun.spawnSync(["sh", "-c", script, process.execPath, CHILD]);
  return { out: stdout.toString(), code: stderr.toString().trim() };
}

test("print() loses nothing when the reader is slow and the text longer than a pipe", () => {
  expect(pipedThrough("{ sleep 0.5; wc -c; }", 20_000)).toEqual({ out: "2000000\n", code: "0" });
});

test("print() to a reader that has gone is no error", () => {
  expect(pipedThrough("head -n 1", 20_000)).toEqual({ out: `${"x".repeat(99)}\n`, code: "0" });
});

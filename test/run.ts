import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureRequirements } from "./requirements.ts";

/**
 * `npm test`: brings what the tests need, builds dist/dcmon, checks, then runs every test but the long ones.
 * The last line is `N passed, M failed`. A check that is red counts as one failure, and so does a skipped test:
 * what is not run is not known to work.
 */
const ROOT = join(import.meta.dir, "..");
/** `npm run bench` and `npm run soak`. */
const ELSEWHERE = /^(?:bench|soak)\//;
const TEST_TIMEOUT_MS = 60_000;

interface Count {
  readonly passed: number;
  readonly failed: number;
}

function main(): number {
  try {
    ensureRequirements();
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n`);
    return report({ passed: 0, failed: 1 });
  }
  if (!run("bun", "run", "build")) return report({ passed: 0, failed: 1 });
  const checked = run("bun", "run", "check");
  const count = runTests();
  return report(checked ? count : { ...count, failed: count.failed + 1 });
}

function runTests(): Count {
  const folder = mkdtempSync(join(tmpdir(), "dcmon-test-"));
  try {
    const outfile = join(folder, "junit.xml");
    const green = run(
      "bun",
      "test",
      ...[`--timeout=${TEST_TIMEOUT_MS}`, "--reporter=junit", `--reporter-outfile=${outfile}`],
      ...testFiles(),
    );
    const count = countOf(readFileSync(outfile, "utf8"));
    return green || count.failed > 0 ? count : { ...count, failed: 1 };
  } catch (error) {
    process.stdout.write(`The test run left no report: ${(error as Error).message}\n`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function testFiles(): string[] {
  const files = [...new Bun.Glob("**/*.test.{ts,tsx}").scanSync(join(ROOT, "test"))];
  return files
    .filter((file) => !ELSEWHERE.test(file))
    .sort()
    .map((file) => `./test/${file}`);
}

/** Reads the totals of a JUnit report. */
function countOf(report: string): Count {
  const root = /<testsuites [^>]*>/.exec(report)?.[0] ?? "";
  const total = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(root)?.[1]);
  const [tests, failures, skipped] = [total("tests"), total("failures"), total("skipped")];
  if (!(tests > 0)) throw new Error("it counts no tests");
  if (skipped > 0) process.stdout.write(`${skipped} tests were skipped, which counts as failed.\n`);
  return { passed: tests - failures - skipped, failed: failures + skipped };
}

function run(...command: string[]): boolean {
  const child = Bun.spawnSync(command, { cwd: ROOT, stdin: "ignore", stdout: "inherit", stderr: "inherit" });
  return child.success;
}

function report({ passed, failed }: Count): number {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = main();

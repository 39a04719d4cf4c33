import { expect, test } from "bun:test";
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const ROOT = join(import.meta.dir, "../..");
const CHECKED_OUT = ["package.json", "tsconfig.json", "src", "static", "views"];
const BUILT = join(ROOT, "static/dist");

test("npm start in a fresh checkout answers within 5 s, and ends in order with npm", async () => {
  using checkout = temporaryFolder();
  using data = temporaryFolder();
  for (const name of CHECKED_OUT)
    cpSync(join(ROOT, name), join(checkout.path, name), {
      recursive: true,
      filter: (path) => !path.startsWith(BUILT),
    });
  symlinkSync(join(ROOT, "node_modules"), join(checkout.path, "node_modules"));

  const begun = performance.now();
  const npm = Bun.spawn(["npm", "start"], {
    cwd: checkout.path,
    env: { PATH: process.env.PATH ?? "", DCMON_SERVER_PORT: "0", DCMON_SERVER_DATA_DIR: data.path },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  try {
    const url = await startLine(npm);
    const health = await fetch(`${url}/health`, {
      tls: { ca: readFileSync(join(data.path, "pki/ca.pem"), "utf8"), rejectUnauthorized: true },
    });
    expect(health.status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(5000);
    npm.kill("SIGTERM");
    await until(() => !isGroupAlive(npm.pid), "the end of all that npm started");
  } finally {
    if (isGroupAlive(npm.pid)) process.kill(-npm.pid, "SIGKILL");
    await npm.exited;
  }
});

/** @returns the address in dcmon's start line. */
async function startLine({ stdout, stderr }: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<string> {
  let text = "";
  for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const url = /^dcmon is at (https:\S+) .*\n/m.exec(text)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`dcmon ended without a start line: ${text}${await new Response(stderr).text()}`);
}

/** Whether a process of this group lives: npm, dcmon or its agent. */
function isGroupAlive(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

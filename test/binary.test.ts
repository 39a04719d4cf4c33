import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Whoever can write to the folder that dcmon is started in must not get code or settings into it. By default a
 * binary that Bun compiles honours `bunfig.toml` and `.env` from there; the build turns that off. A second binary,
 * built without those options, shows that the hostile files would act.
 */
const ROOT = join(import.meta.dir, "..");
const BINARY = join(ROOT, "dist/dcmon");

/** In dist, so that the binary can be linked beside the hostile files instead of copied. */
let folder: string;

beforeAll(() => {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist. Build it with "npm run build".`);
  folder = mkdtempSync(join(ROOT, "dist/hostile-"));
  const preload = join(folder, "preload.ts");
  writeFileSync(preload, 'require("node:fs").writeFileSync("preloaded", "");\n');
  writeFileSync(
    join(folder, "bunfig.toml"),
    'preload = ["./preload.ts"]\n[test]\npreload = ["./preload.ts"]\n',
  );
  writeFileSync(join(folder, ".env"), "DCMON_NO_SUCH_OPTION=1\nNODE_TLS_REJECT_UNAUTHORIZED=0\n");
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: { paths: { "*": ["./preload.ts"] }, jsxImportSource: "./preload.ts" },
    }),
  );
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({
      name: "hostile",
      main: "./preload.ts",
      imports: { "#*": "./preload.ts" },
      type: "commonjs",
    }),
  );
  for (const name of ["zod", "commander", "hono", "yaml"]) {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "index.js"), 'require("../../preload.ts");\n');
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads the configuration, collects once, and ends: the shortest way through most of an agent. */
const COMMAND = ["agent", "--once", "--data-dir", "state"];

function start(binary: string, env: Record<string, string> = {}): { code: number; output: string } {
  rmSync(join(folder, "preloaded"), { force: true });
  const { exitCode, stdout, stderr } = Bun.spawnSync([binary, ...COMMAND], {
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "ignore",
  });
  return { code: exitCode, output: `${stdout}${stderr}` };
}

const preloaded = () => existsSync(join(folder, "preloaded"));

test("hostile files in the working directory and beside the binary change nothing", () => {
  const beside = join(folder, "dcmon");
  linkSync(BINARY, beside);
  for (const binary of [BINARY, beside]) {
    const { code, output } = start(binary);
    expect(output).toContain("node_load1");
    expect(code).toBe(0);
    expect(preloaded()).toBe(false);
  }
});

test("the same files act on a binary that is built without the options", () => {
  const careless = join(folder, "careless");
  const built = Bun.spawnSync(
    [process.execPath, "build", "--compile", "--outfile", careless, "src/main.ts"],
    {
      cwd: ROOT,
    },
  );
  expect(built.exitCode).toBe(0);
  const { code, output } = start(careless);
  expect(preloaded()).toBe(true);
  expect(output).toContain("DCMON_NO_SUCH_OPTION: unknown environment variable");
  expect(code).toBe(2);
});

test("the build names every option that turns off reading files from the working directory", async () => {
  // tsconfig.json and package.json steer only modules that are looked up at run time. dcmon has none, and Bun leaves
  // both off by default, so that no careless binary can show an effect.
  const { scripts } = await Bun.file(join(ROOT, "package.json")).json();
  for (const kind of ["bunfig", "dotenv", "tsconfig", "package-json"])
    expect(scripts.build).toContain(`--no-compile-autoload-${kind}`);
});

test("DCMON_ variables that are no options are refused also when they are real", () => {
  const { code, output } = start(BINARY, { DCMON_SERVER_PROT: "1" });
  expect(code).toBe(2);
  expect(output).toContain("nearest valid: DCMON_SERVER_PORT");
});

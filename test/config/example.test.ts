import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exampleConfig, referenceTable } from "../../src/config/example.ts";
import { keysOf } from "../../src/config/keys.ts";
import { CONFIG, loadConfig } from "../../src/config.ts";

const ROOT = join(import.meta.dir, "../..");

test("config.example.yaml is what the schema says; renew it with: dcmon config example > config.example.yaml", () => {
  expect(readFileSync(join(ROOT, "config.example.yaml"), "utf8")).toBe(exampleConfig(keysOf(CONFIG)));
});

test("config.example.yaml loads to exactly the defaults", () => {
  const file = join(ROOT, "config.example.yaml");
  expect(loadConfig({ file, env: {}, flags: [] })).toEqual(loadConfig({ env: {}, flags: [] }));
});

test("every option is described, and docs/configuration.md has the schema's table", () => {
  const keys = keysOf(CONFIG);
  for (const key of keys) expect(key.description, key.path.join(".")).not.toBe("");
  expect(readFileSync(join(ROOT, "docs/configuration.md"), "utf8")).toContain(referenceTable(keys));
});

import { exampleConfig } from "../config/example.ts";
import { keysOf } from "../config/keys.ts";
import { CONFIG } from "../config.ts";

export function example(): void {
  process.stdout.write(exampleConfig(keysOf(CONFIG)));
}

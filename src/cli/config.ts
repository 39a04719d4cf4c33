import { exampleConfig } from "../config/example.ts";
import { keysOf } from "../config/keys.ts";
import { CONFIG } from "../config.ts";
import { print } from "./output.ts";

export function example(): Promise<void> {
  return print(exampleConfig(keysOf(CONFIG)));
}

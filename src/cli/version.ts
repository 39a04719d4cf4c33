import { VERSION } from "../lib/version.ts";
import { print } from "./output.ts";

export function version(): Promise<void> {
  return print(`dcmon ${VERSION} (Bun ${Bun.version}, ${process.platform}-${process.arch})\n`);
}

import { VERSION } from "../lib/version.ts";

export function version(): void {
  process.stdout.write(`dcmon ${VERSION} (Bun ${Bun.version}, ${process.platform}-${process.arch})\n`);
}

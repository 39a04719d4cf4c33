import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file `dcmon.yaml` that goes away with its scope: `using file = temporaryFile(text)`. */
export function temporaryFile(content: string | Uint8Array): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), "dcmon-config-"));
  const path = join(folder, "dcmon.yaml");
  writeFileSync(path, content);
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

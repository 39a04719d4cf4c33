import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Temporary extends Disposable {
  readonly path: string;
}

/** An empty folder that goes away with its scope: `using folder = temporaryFolder()`. */
export function temporaryFolder(): Temporary {
  const path = mkdtempSync(join(tmpdir(), "dcmon-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A configuration file that goes away with its scope: `using file = temporaryFile(text)`. */
export function temporaryFile(content: string | Uint8Array): Temporary {
  const folder = temporaryFolder();
  const path = join(folder.path, "dcmon.yaml");
  writeFileSync(path, content);
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Logger } from "../lib/log.ts";
import { reasonOf } from "../lib/system_error.ts";

/** In the data directory, for `dcmon token create`. Stays when the server ends: the next one overwrites it. */
const FILE = "listening";

const CONTENT = z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535) });

/** Where a server listens, as bound. */
export type Listening = z.output<typeof CONTENT>;

/** A server that cannot note its address works all the same. */
export function writeListening(dataDir: string, listening: Listening, log: Logger): void {
  const path = join(dataDir, FILE);
  try {
    writeFileSync(path, `${JSON.stringify(listening)}\n`, { mode: 0o600 });
    chmodSync(path, 0o600);
  } catch (error) {
    log.warn('cannot note the address for "dcmon token create": it needs --listen', {
      file: path,
      reason: reasonOf(error),
    });
  }
}

/** Where the last server on this data directory listens or has listened; undefined when that is not noted. */
export function readListening(dataDir: string): Listening | undefined {
  try {
    return CONTENT.parse(JSON.parse(readFileSync(join(dataDir, FILE), "utf8")));
  } catch {
    // Absent, cut off by a full disk, unreadable: the options say the address as well.
    return undefined;
  }
}

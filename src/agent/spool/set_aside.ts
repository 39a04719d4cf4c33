import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const KEPT = 2;
/** What SQLite puts beside a database; its recovery tools need them under the same name. */
const COMPANIONS = ["-wal", "-shm"];

/**
 * Renames a damaged spool to `<path>.corrupt-<time>`, its companions with it, and deletes all but the newest of such
 * files. Needs no space on the disk.
 * @returns the new path.
 */
export function setAside(path: string, now: number): string {
  const target = freeName(`${path}.corrupt-${new Date(now).toISOString().replace(/[:.]/g, "-")}`);
  renameSync(path, target);
  for (const suffix of COMPANIONS) if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  deleteOldest(path);
  return target;
}

/** Two within one millisecond must not replace each other. */
function freeName(wanted: string): string {
  let name = wanted;
  for (let i = 2; existsSync(name); i++) name = `${wanted}-${i}`;
  return name;
}

function deleteOldest(path: string): void {
  const prefix = `${basename(path)}.corrupt-`;
  const names = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && !COMPANIONS.some((suffix) => name.endsWith(suffix)))
    .sort();
  for (const name of names.slice(0, -KEPT))
    for (const suffix of ["", ...COMPANIONS])
      rmSync(join(dirname(path), name + suffix), { recursive: true, force: true });
}

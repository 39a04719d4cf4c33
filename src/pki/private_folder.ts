import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../lib/system_error.ts";

const USERS = "/etc/passwd";
const GROUP_AND_OTHERS = 0o077;

/**
 * A folder (0700) of small files (0600) that only this user may see: keys and what belongs to them.
 * Every write is atomic and on disk when it returns. Synchronous: used at start and while enrolling only.
 */
export class PrivateFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws Error when the folder cannot be made, or when others than its owner may enter it. */
  static open(path: string): PrivateFolder {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new Error(`Cannot create "${path}": ${reasonOf(cause)}.`, { cause });
    }
    refuseIfShared(path, "700");
    return new PrivateFolder(path);
  }

  /**
   * @returns the text, undefined when there is no such file.
   * @throws Error when others can read the file, or it cannot be read.
   */
  read(name: string): string | undefined {
    const path = join(this.path, name);
    try {
      refuseIfShared(path, "600");
      return readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Replaces the file as a whole: after a crash there is the old text or the new one, never half of either. */
  write(name: string, text: string): void {
    const path = join(this.path, name);
    const temporary = `${path}.new`;
    rmSync(temporary, { force: true });
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // The umask can only have taken bits away from 0600; give the owner's back.
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
    syncFolder(this.path);
  }
}

const KEY_REMEDY = "if someone may have copied a key, move the folder away instead and enrol anew";

/**
 * @param remedy what to do instead of taking the access away, where somebody may have used it.
 * @throws Error when the file or folder belongs to somebody else, or others may access it.
 */
export function refuseIfShared(path: string, wanted: "600" | "700", remedy = KEY_REMEDY): void {
  const { mode, uid } = lstatSync(path);
  const user = process.getuid?.();
  if (user !== undefined && uid !== user && uid !== 0)
    throw new Error(
      `Cannot use "${path}": it belongs to user ${nameOf(uid)}, and dcmon runs as user ${nameOf(user)}. Run dcmon as user ${nameOf(uid)}; or, to hand it over, "chown -R ${user} ${path}".`,
    );
  if ((mode & GROUP_AND_OTHERS) !== 0)
    throw new Error(
      `Cannot use "${path}": other users may access it (mode 0${(mode & 0o777).toString(8)}, expected 0${wanted}). Run "chmod ${wanted} ${path}"; ${remedy}.`,
    );
}

/** The user's name, or the number where it has none here. */
function nameOf(uid: number): string {
  const users = existsSync(USERS) ? readFileSync(USERS, "utf8").split("\n") : [];
  return users.find((line) => line.split(":")[2] === String(uid))?.split(":")[0] ?? String(uid);
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

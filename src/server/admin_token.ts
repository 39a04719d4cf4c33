import { readFileSync, writeFileSync } from "node:fs";
import { randomText } from "../lib/random.ts";
import { reasonOf } from "../lib/system_error.ts";
import { refuseIfShared } from "../pki/private_folder.ts";

const TOKEN_BYTES = 32;

/**
 * The first admin's token: made at the first start, kept in a file that only the server's user can read.
 * @throws Error when the file is empty, unreadable, or readable by others.
 */
export function adminToken(path: string): string {
  try {
    writeFileSync(path, `${newToken()}\n`, { mode: 0o600, flag: "wx", flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unusable(path, error);
  }
  refuseIfShared(path, "600", "if someone may have read it, delete it and restart for a new token");
  const token = readToken(path);
  if (token === "") {
    throw new Error(
      `Cannot use the admin token in "${path}": the file is empty. Remove it, and the next start makes a new token.`,
    );
  }
  return token;
}

function newToken(): string {
  return randomText(TOKEN_BYTES);
}

function readToken(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): Error {
  return new Error(
    `Cannot use the admin token in "${path}": ${reasonOf(cause, "its folder does not exist")}.`,
    { cause },
  );
}

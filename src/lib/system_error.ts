const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "it exists and is not a folder",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the file system",
  EDQUOT: "the disk quota is used up",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
};

/**
 * Why a file or folder could not be used, as half a sentence; the system's own words where there are no better ones.
 * @param absent what ENOENT means; for a file that is to be made, that its folder does not exist.
 */
export function reasonOf(error: unknown, absent?: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && absent !== undefined) return absent;
  return WORDS[code ?? ""] ?? message;
}

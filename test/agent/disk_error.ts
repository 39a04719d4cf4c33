/** As SQLite reports a failing disk. */
export function diskError(): Error {
  return Object.assign(new Error("disk I/O error"), { name: "SQLiteError", code: "SQLITE_IOERR_READ" });
}

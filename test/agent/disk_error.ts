/** As SQLite reports a failing disk. */
export function diskError(code = "SQLITE_IOERR_READ", message = "disk I/O error"): Error {
  return Object.assign(new Error(message), { name: "SQLiteError", code });
}

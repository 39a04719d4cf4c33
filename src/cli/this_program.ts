/** How to call dcmon again: the binary, or Bun with the source. */
export function thisProgram(): string[] {
  return Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
}

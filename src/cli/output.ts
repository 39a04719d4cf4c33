/**
 * Writes to standard output, and returns when all of it is with the reader: a process that ends before loses what a
 * pipe did not take yet. A reader that has gone (`| head`) wants no more, and that is no error.
 */
export function print(text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settle = (error?: Error | null) => {
    if (!error || (error as NodeJS.ErrnoException).code === "EPIPE") resolve();
    else reject(new Error(`Cannot write to standard output: ${error.message}`, { cause: error }));
  };
  process.stdout.once("error", settle);
  process.stdout.write(text, settle);
  return promise.finally(() => process.stdout.off("error", settle));
}

const LONGEST_PAUSE_MS = 100;

/**
 * Waits until `probe` gives something: resolves to its first value that is neither false, null nor undefined.
 * The time allowed is for a machine that does ten other things; what is waited for usually comes at once.
 * @throws Error that says `what` did not come.
 */
export async function until<T>(
  probe: () => T | Promise<T>,
  what = `that ${probe}`,
  timeoutMs = 20_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = 2; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const value = await probe();
    if (value !== false && value !== null && value !== undefined)
      return value as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await Bun.sleep(pause);
  }
}

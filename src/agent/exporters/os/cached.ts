import type { Host } from "../../host.ts";

/** A value that changes seldom and costs to read: read again once it is older than `maxAgeMs`. */
export class Cached<T> {
  #value: T | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly maxAgeMs: number,
    private readonly read: (host: Host) => T,
  ) {}

  get(host: Host): T {
    const now = host.clock.monotonic();
    if (now - this.#readAt >= this.maxAgeMs) {
      this.#value = this.read(host);
      this.#readAt = now;
    }
    return this.#value as T;
  }
}

/**
 * A value that takes longer to get than a tick may last: begun again `maxAgeMs` after its last beginning, and meanwhile
 * the former one is given.
 */
export class Background<T> {
  #latest: { readonly value: T } | { readonly error: unknown } | undefined;
  #running: Promise<void> | undefined;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly maxAgeMs: number,
    private readonly read: (host: Host) => Promise<T>,
  ) {}

  /**
   * The latest value, undefined before the first.
   * @param waitMs waits that long for a reading that is under way; 0 leaves it to a later tick
   * @throws what the latest reading threw, or that there is none after the wait
   */
  async get(host: Host, waitMs: number): Promise<T | undefined> {
    if (this.#running === undefined && host.clock.monotonic() - this.#begunAt >= this.maxAgeMs) {
      this.#begunAt = host.clock.monotonic();
      this.#running = this.#run(host);
    }
    if (waitMs > 0 && this.#running !== undefined) await within(this.#running, waitMs);
    if (this.#latest === undefined) {
      if (waitMs > 0) throw new Error(`no answer within ${waitMs} ms`);
      return undefined;
    }
    if ("error" in this.#latest) throw this.#latest.error;
    return this.#latest.value;
  }

  async #run(host: Host): Promise<void> {
    try {
      this.#latest = { value: await this.read(host) };
    } catch (error) {
      this.#latest = { error };
    }
    this.#running = undefined;
  }
}

/** Resolves with the promise or after `ms`. */
function within(promise: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

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
   * @param wait waits for a reading that is under way
   * @throws what the latest reading threw
   */
  async get(host: Host, wait: boolean): Promise<T | undefined> {
    if (this.#running === undefined && host.clock.monotonic() - this.#begunAt >= this.maxAgeMs) {
      this.#begunAt = host.clock.monotonic();
      this.#running = this.#run(host);
    }
    if (wait) await this.#running;
    if (this.#latest === undefined) return undefined;
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

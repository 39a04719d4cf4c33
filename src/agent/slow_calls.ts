import type { Clock } from "../lib/clock.ts";

/** The kernel or a device has not answered in time, or was not asked because it hangs. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
}

/**
 * Calls that the kernel may never answer: a dead NFS server, a drive that is failing. Such a call cannot be cancelled and
 * holds a thread until it returns, so what hangs is not asked again, and only a few may hang at a time.
 */
export class SlowCalls {
  /** When the unfinished call for each key began, wall clock. */
  readonly #begun = new Map<string, number>();
  #hanging = 0;

  constructor(
    private readonly clock: Clock,
    /** How many calls may hang before none is started any more. */
    private readonly limit: number,
  ) {}

  /** @throws Unanswered when there is no answer after `timeoutMs`, or at once while `key` or too many others hang */
  async call<T>(key: string, timeoutMs: number, start: () => Promise<T>): Promise<T> {
    const begun = this.#begun.get(key);
    if (begun !== undefined)
      throw new Unanswered(`${key} has not answered since ${new Date(begun).toISOString()}`);
    if (this.#hanging >= this.limit)
      throw new Unanswered(
        `${key} was not asked: ${this.#hanging} other calls hang, the limit is ${this.limit}`,
      );
    this.#begun.set(key, this.clock.now());
    return this.#withDeadline(key, timeoutMs, start());
  }

  #withDeadline<T>(key: string, timeoutMs: number, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        this.#hanging++;
        reject(new Unanswered(`${key} has not answered within ${timeoutMs} ms`));
      }, timeoutMs);
      const settled = () => {
        clearTimeout(timer);
        this.#begun.delete(key);
        if (late) this.#hanging--;
      };
      answer.then(
        (value) => {
          settled();
          resolve(value);
        },
        (error) => {
          settled();
          reject(error);
        },
      );
    });
  }
}

import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { WriterClient } from "./writer/client.ts";

/**
 * Logins by the hash of their secret. Memory decides, at once; the disk is told in the background, so that people can
 * log in and look while it takes nothing. What it could not be told holds until the next start.
 */
export class Sessions {
  private readonly expiry = new Map<string, number>();

  constructor(
    private readonly writer: Pick<WriterClient, "createSession" | "endSession">,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  create(hash: string, expiresAt: number): void {
    this.expiry.set(hash, expiresAt);
    this.remember(this.writer.createSession(hash, expiresAt), "a restart of the server ends it");
  }

  /** Undefined when there is none or it has expired. */
  find(hash: string): { expiresAt: number } | undefined {
    const expiresAt = this.expiry.get(hash);
    return expiresAt === undefined || expiresAt <= this.clock.now() ? undefined : { expiresAt };
  }

  /** Does nothing when the session has ended meanwhile. */
  prolong(hash: string, expiresAt: number): void {
    if (this.find(hash) !== undefined) this.create(hash, expiresAt);
  }

  remove(hash: string): void {
    this.expiry.delete(hash);
    this.remember(this.writer.endSession(hash), "a restart of the server brings it back until it expires");
  }

  /** Forgets what has expired. */
  expire(): void {
    const now = this.clock.now();
    for (const [hash, expiresAt] of this.expiry) if (expiresAt <= now) this.expiry.delete(hash);
  }

  /** For the store: takes over what the database has. */
  load(hash: string, expiresAt: number): void {
    this.expiry.set(hash, expiresAt);
  }

  private remember(written: Promise<void>, otherwise: string): void {
    written.catch((error: Error) =>
      this.log.warn(`cannot keep a change of a login: ${otherwise}`, { reason: error.message }),
    );
  }
}

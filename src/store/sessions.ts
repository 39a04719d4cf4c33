import type { Clock } from "../lib/clock.ts";
import type { WriterClient } from "./writer/client.ts";

/** Logins by the hash of their secret, mirrored in memory: reads are synchronous, writes resolve when durable. */
export class Sessions {
  private readonly expiry = new Map<string, number>();

  constructor(
    private readonly writer: WriterClient,
    private readonly clock: Clock,
  ) {}

  async create(hash: string, expiresAt: number): Promise<void> {
    await this.writer.createSession(hash, expiresAt);
    this.expiry.set(hash, expiresAt);
  }

  /** Undefined when there is none or it has expired. */
  find(hash: string): { expiresAt: number } | undefined {
    const expiresAt = this.expiry.get(hash);
    return expiresAt === undefined || expiresAt <= this.clock.now() ? undefined : { expiresAt };
  }

  /** Ends at once, also when the disk then refuses to remember it. */
  async remove(hash: string): Promise<void> {
    this.expiry.delete(hash);
    await this.writer.endSession(hash);
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
}

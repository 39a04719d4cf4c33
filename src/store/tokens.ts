import type { Clock } from "../lib/clock.ts";
import type { NewToken } from "./types.ts";

/** Used-up and expired tokens stay this long, so that their use can be told from a wrong token's. */
export const KEEP_TOKENS_MS = 7 * 24 * 3600 * 1000;

/** Every join token by its id, mirrored in memory: what is none is told from one without asking the disk. */
export class Tokens {
  private readonly byId = new Map<string, Omit<NewToken, "uses">>();

  constructor(private readonly clock: Clock) {}

  /** True also when the token is used up or has expired: the transaction that consumes it decides that. */
  knows(id: string, secretHash: string): boolean {
    return this.byId.get(id)?.secretHash === secretHash;
  }

  /** Forgets what the database does not keep either. */
  expire(): void {
    const oldest = this.clock.now() - KEEP_TOKENS_MS;
    for (const { id, expiresAt } of this.byId.values()) if (expiresAt < oldest) this.byId.delete(id);
  }

  /** For the store: takes over what the database has. */
  load({ id, secretHash, expiresAt }: Omit<NewToken, "uses">): void {
    this.byId.set(id, { id, secretHash, expiresAt });
  }
}

import type { Clock } from "../lib/clock.ts";
import { randomText } from "../lib/random.ts";
import type { AppStore } from "./app_store.ts";

export const SESSION_COOKIE = "__Host-dcmon";
const IDLE_MS = 12 * 3600 * 1000;
/** A session in use is prolonged at most this often: a page that polls must not write to disk each time. */
const PROLONG_EVERY_MS = 5 * 60 * 1000;
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export interface Session {
  /** What the store knows: the SHA-256 of the cookie's value, in hex. */
  readonly hash: string;
  /** Goes with every unsafe request, in the field `csrf` or the header `X-CSRF-Token`. */
  readonly csrf: string;
}

/** Logins of people. The cookie's value is 256 random bits; the store sees only its hash. */
export class Sessions {
  readonly #store: AppStore["sessions"];
  readonly #clock: Clock;

  constructor(store: AppStore["sessions"], clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A new session. @returns the cookie's value. */
  create(): string {
    const token = randomText(32);
    this.#store.create(hashOf(token), this.#clock.now() + IDLE_MS);
    return token;
  }

  /** The session that a cookie stands for, or undefined when it is unknown or was idle for 12 hours. */
  find(token: string): Session | undefined {
    if (!TOKEN_PATTERN.test(token)) return undefined;
    const hash = hashOf(token);
    const record = this.#store.find(hash);
    if (record === undefined || record.expiresAt <= this.#clock.now()) return undefined;
    return { hash, csrf: csrfOf(token) };
  }

  /** Starts the 12 hours of a session anew. Does nothing when that was done a moment ago. */
  prolong(session: Session): void {
    const expiresAt = this.#clock.now() + IDLE_MS;
    const record = this.#store.find(session.hash);
    if (record !== undefined && expiresAt - record.expiresAt >= PROLONG_EVERY_MS)
      this.#store.prolong(session.hash, expiresAt);
  }

  remove(session: Session): void {
    this.#store.remove(session.hash);
  }
}

export function sessionCookie(token: string): string {
  return `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=${IDLE_MS / 1000}`;
}

export function expiredSessionCookie(): string {
  return `${SESSION_COOKIE}=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0`;
}

function hashOf(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("hex");
}

/** Derived, not stored: who can compute it already holds the cookie. */
function csrfOf(token: string): string {
  return new Bun.CryptoHasher("sha256", token).update("dcmon-csrf").digest("base64url");
}

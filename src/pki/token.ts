import { randomHex, randomText } from "../lib/random.ts";
import { sha256Hex } from "./keys.ts";

/**
 * What an operator pastes on a node so that it may join: `dcmon1.<id>.<secret>.<pin>`.
 * The pin lets the node recognise the server; the secret lets the server recognise the token.
 */
export interface JoinToken {
  /** 16 hex digits: names the token in the database and in messages. */
  readonly id: string;
  /** base64url of 32 random bytes. Only its hash is stored. */
  readonly secret: string;
  /** base64url of SHA-256 of the CA's SPKI. */
  readonly pin: string;
}

const VERSION = "dcmon1";
const ID = /^[0-9a-f]{16}$/;
/** 32 bytes in base64url: the last character carries four bits, so only sixteen characters may stand there. */
const BYTES_32 = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export function createJoinToken(pin: string): JoinToken {
  return {
    id: randomHex(8),
    secret: randomText(32),
    pin,
  };
}

export function formatJoinToken(token: JoinToken): string {
  return `${VERSION}.${token.id}.${token.secret}.${token.pin}`;
}

/** Undefined when the text is not exactly a token. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [version, id, secret, pin, ...more] = text.split(".");
  if (version !== VERSION || id === undefined || secret === undefined || pin === undefined || more.length > 0)
    return undefined;
  if (!ID.test(id) || !BYTES_32.test(secret) || !BYTES_32.test(pin)) return undefined;
  return { id, secret, pin };
}

/** 256 random bits need no salt and no slow hash. */
export function hashSecret(secret: string): string {
  return sha256Hex(secret);
}

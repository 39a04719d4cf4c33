import { decodePem, encodePem } from "./pem.ts";

/** The only kind of key that dcmon makes or accepts. */
export const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
export const SIGNATURE_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;

export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export function generateKeys(): Promise<KeyPair> {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

/** PKCS #8 in PEM. */
export async function encodePrivateKey(key: CryptoKey): Promise<string> {
  return encodePem(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/**
 * Reads what {@link encodePrivateKey} wrote; the public half is calculated from the private one.
 * @throws Error when the text is not exactly one P-256 private key in PKCS #8.
 */
export async function decodePrivateKey(pem: string): Promise<KeyPair> {
  const der = decodePem(pem, "PRIVATE KEY");
  if (der === undefined) throw new Error('expected one PEM block "PRIVATE KEY"');
  const privateKey = await crypto.subtle.importKey("pkcs8", der, KEY_ALGORITHM, true, ["sign"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", privateKey);
  if (kty === undefined || crv === undefined || x === undefined || y === undefined)
    throw new Error("the key has no public half");
  const publicKey = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, KEY_ALGORITHM, true, ["verify"]);
  return { privateKey, publicKey };
}

/** @returns the key of an SPKI, undefined when it is not one on P-256. */
export async function importPublicKey(
  spki: ArrayBuffer | Uint8Array<ArrayBuffer>,
): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey("spki", spki, KEY_ALGORITHM, true, ["verify"]);
  } catch {
    // WebCrypto refuses every other kind of key.
    return undefined;
  }
}

/** True when `spki` (DER) is the same public key. */
export async function samePublicKey(a: CryptoKey, spki: Uint8Array): Promise<boolean> {
  return Buffer.from(await crypto.subtle.exportKey("spki", a)).equals(spki);
}

/** SHA-256 in lower-case hex. */
export function sha256Hex(data: string | ArrayBuffer | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(data).digest("hex");
}

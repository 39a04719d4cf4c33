/** Cryptographically random bytes, two characters each. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}

/** Cryptographically random bytes as base64url: fits into URLs, headers and command lines. */
export function randomText(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

function randomBytes(count: number): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(count)));
}

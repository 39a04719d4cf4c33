import { KeyObject, sign } from "node:crypto";
import { encodeElement, TAG } from "./der.ts";
import type { KeyPair } from "./keys.ts";
import { encodePem } from "./pem.ts";

/** 1.2.840.10045.4.3.2 (RFC 5758, 3.2). */
const ECDSA_WITH_SHA256 = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02);

/**
 * A PKCS #10 request (RFC 2986) in PEM that carries the key, no name and no attributes. Written without the library
 * that reads it: an agent would hold that in memory from its only request to its end.
 */
export async function createRequest(keys: KeyPair): Promise<string> {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const version = encodeElement(TAG.integer, Uint8Array.of(0));
  const noName = encodeElement(TAG.sequence);
  const info = encodeElement(TAG.sequence, version, noName, spki, encodeElement(TAG.context0));
  const algorithm = encodeElement(TAG.sequence, encodeElement(TAG.objectIdentifier, ECDSA_WITH_SHA256));
  const signature = sign("sha256", info, KeyObject.from(keys.privateKey));
  const signatureBits = encodeElement(TAG.bitString, Uint8Array.of(0), signature);
  return encodePem(encodeElement(TAG.sequence, info, algorithm, signatureBits), "CERTIFICATE REQUEST");
}

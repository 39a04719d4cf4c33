import type { Refusal } from "./certificate.ts";
import { importPublicKey, sha256Hex } from "./keys.ts";
import { decodePem } from "./pem.ts";
import { Pkcs10CertificateRequest } from "./x509.ts";

const MAX_DER_BYTES = 2048;

/** What a CSR proves: that its sender holds the private half of this key. Nothing else in it is believed. */
export interface VerifiedRequest {
  readonly ok: true;
  readonly publicKey: CryptoKey;
  /** SHA-256 of the key's SPKI in hex. Names the request: a retry with the same key is the same request. */
  readonly keyHash: string;
}

/** Checks form, key type and the request's own signature. Never throws. */
export async function readRequest(pem: string): Promise<VerifiedRequest | Refusal> {
  const der = decodePem(pem, "CERTIFICATE REQUEST");
  if (der === undefined || der.length > MAX_DER_BYTES)
    return {
      ok: false,
      reason: `expected one PEM block "CERTIFICATE REQUEST" of at most ${MAX_DER_BYTES} bytes`,
    };
  try {
    const request = new Pkcs10CertificateRequest(der);
    const spki = request.publicKey.rawData;
    const publicKey = await importPublicKey(spki);
    if (publicKey === undefined) return { ok: false, reason: "its key is not ECDSA P-256" };
    if (!(await request.verify())) return { ok: false, reason: "its signature is not by its own key" };
    return { ok: true, publicKey, keyHash: sha256Hex(spki) };
  } catch {
    // The library throws on any ASN.1 that is not a request; which byte it is helps no one.
    return { ok: false, reason: "it is not a PKCS #10 request" };
  }
}

import type { X509Certificate } from "node:crypto";
import { decodePem, encodePem } from "../../src/pki/pem.ts";
import { X509Certificate as ParsedCertificate } from "../../src/pki/x509.ts";

export const DAY_MS = 86_400_000;
export const NOW = Date.UTC(2026, 10, 21, 12);

export function pemOf(certificate: X509Certificate): string {
  return encodePem(certificate.raw, "CERTIFICATE");
}

/** As the library reads it that has issued it, and the code under test does not. */
export function parsed(pem: string): ParsedCertificate {
  return new ParsedCertificate(decodePem(pem, "CERTIFICATE")!);
}

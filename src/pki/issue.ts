import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { type KeyPair, SIGNATURE_ALGORITHM } from "./keys.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  X509Certificate as IssuingCertificate,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "./x509.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const CA_LIFETIME_MS = 3650 * DAY_MS;
const LEAF_LIFETIME_MS = 30 * DAY_MS;
/** Certificates are valid from before they were made, so that a node whose clock is behind can use them at once. */
const BACKDATE_MS = 2 * HOUR_MS;

const CA_SUBJECT = "CN=dcmon CA";
const SERVER_SUBJECT = "CN=dcmon server";

/** The key that signs, and the names that an issued certificate points back to. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly privateKey: CryptoKey;
}

/** A self-signed CA that can issue leaves, and no further CA. */
export async function issueCa(keys: KeyPair, now: number): Promise<X509Certificate> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: CA_SUBJECT,
    ...validity(now, CA_LIFETIME_MS),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return new X509Certificate(new Uint8Array(certificate.rawData));
}

/** For TLS and for the server's proof: server authentication only. */
export function issueServerLeaf(
  issuer: Issuer,
  publicKey: CryptoKey,
  names: readonly string[],
  now: number,
): Promise<X509Certificate> {
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const);
  return issueLeaf(issuer, publicKey, SERVER_SUBJECT, ExtendedKeyUsage.serverAuth, now, [
    new SubjectAlternativeNameExtension(alternatives),
  ]);
}

/** @param clientId 16 hex digits, the subject's common name. For client authentication only. */
export function issueClientLeaf(
  issuer: Issuer,
  publicKey: CryptoKey,
  clientId: string,
  now: number,
): Promise<X509Certificate> {
  return issueLeaf(issuer, publicKey, `CN=${clientId}`, ExtendedKeyUsage.clientAuth, now, []);
}

async function issueLeaf(
  issuer: Issuer,
  publicKey: CryptoKey,
  subject: string,
  purpose: ExtendedKeyUsage,
  now: number,
  more: readonly Extension[],
): Promise<X509Certificate> {
  const ca = new IssuingCertificate(new Uint8Array(issuer.certificate.raw));
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: ca.subject,
    ...validity(now, LEAF_LIFETIME_MS),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    publicKey,
    signingKey: issuer.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([purpose], true),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(ca),
      ...more,
    ],
  });
  return new X509Certificate(new Uint8Array(certificate.rawData));
}

function validity(now: number, lifetime: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + lifetime) };
}

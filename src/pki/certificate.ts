import { X509Certificate } from "node:crypto";
import { constraintsOf } from "./constraints.ts";
import { importPublicKey, sha256Hex } from "./keys.ts";
import { decodePem, encodePem } from "./pem.ts";

/** A leaf has about 500 bytes, a server's leaf with many names a few times that. */
const MAX_DER_BYTES = 8192;

/** The subject of a client's leaf: its id as the common name, and nothing else. */
const CLIENT_SUBJECT = /^CN=([0-9a-f]{16})$/;

/** The server's CA: what a node pins at enrolment, and what every certificate is checked against. */
export class TrustAnchor {
  readonly pem: string;
  /** SHA-256 of the CA's SPKI in hex: the server's identity, whatever its names and leaf certificates are. */
  readonly serverId: string;
  /** The same digest in base64url, as join tokens carry it. */
  readonly pin: string;
  readonly #certificate: X509Certificate;

  private constructor(certificate: X509Certificate) {
    const digest = new Bun.CryptoHasher("sha256").update(subjectKey(certificate)).digest();
    this.pem = encodePem(certificate.raw, "CERTIFICATE");
    this.serverId = digest.toString("hex");
    this.pin = digest.toString("base64url");
    this.#certificate = certificate;
  }

  /** @throws Error when the text is not one self-signed P-256 CA certificate. */
  static async read(pem: string): Promise<TrustAnchor> {
    const certificate = readCertificate(pem);
    if (certificate === undefined) throw new Error("not one certificate in PEM");
    if ((await importPublicKey(subjectKey(certificate))) === undefined)
      throw new Error("its key is not ECDSA P-256");
    if (constraintsOf(certificate).kind !== "ca") throw new Error("it is not a CA");
    const anchor = new TrustAnchor(certificate);
    if (!anchor.hasIssued(certificate)) throw new Error("its signature is not its own");
    return anchor;
  }

  /** True when the certificate names this CA as its issuer and carries its signature. */
  hasIssued(certificate: X509Certificate): boolean {
    return certificate.checkIssued(this.#certificate) && certificate.verify(this.#certificate.publicKey);
  }
}

/** Why a certificate was not accepted, in words for an operator. */
export interface Refusal {
  readonly ok: false;
  readonly reason: string;
}

interface VerifiedLeaf {
  readonly ok: true;
  /** SHA-256 of the DER in hex. */
  readonly fingerprint: string;
  readonly publicKey: CryptoKey;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

interface VerifiedClient extends VerifiedLeaf {
  readonly clientId: string;
}

/**
 * Verifies the chain that an agent presents: one leaf, issued by `anchor`, valid at `now`, for client
 * authentication and nothing else. Revocation is the caller's question to the store.
 */
export async function verifyClient(
  chain: readonly string[],
  anchor: TrustAnchor,
  now: number,
): Promise<VerifiedClient | Refusal> {
  const leaf = await verifyLeaf(chain, anchor, "client", now);
  if (!leaf.ok) return leaf;
  const clientId = CLIENT_SUBJECT.exec(leaf.certificate.subject)?.[1];
  if (clientId === undefined) return refuse("certificate names no client");
  return { ok: true, ...leaf.verified, clientId };
}

/** Verifies the server's identity leaf: issued by the pinned CA, valid at `now`, for server authentication only. */
export async function verifyServer(
  chain: readonly string[],
  anchor: TrustAnchor,
  now: number,
): Promise<VerifiedLeaf | Refusal> {
  const leaf = await verifyLeaf(chain, anchor, "server", now);
  return leaf.ok ? { ok: true, ...leaf.verified } : leaf;
}

/** SHA-256 of a certificate's DER in hex. */
export function certificateFingerprint(certificate: X509Certificate): string {
  return sha256Hex(certificate.raw);
}

/** The SPKI of a certificate's key in DER; empty when the key is of a kind that is unknown here. */
export function subjectKey(certificate: X509Certificate): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(certificate.publicKey.export({ type: "spki", format: "der" }));
  } catch {
    // Thrown for a kind that BoringSSL does not know. No key is empty, so that this one equals none and imports as none.
    return new Uint8Array();
  }
}

/** Exactly one certificate in PEM, or undefined. Never throws: the text may be hostile. */
export function readCertificate(pem: string): X509Certificate | undefined {
  const der = decodePem(pem, "CERTIFICATE");
  if (der === undefined || der.length > MAX_DER_BYTES) return undefined;
  try {
    const certificate = new X509Certificate(der);
    return isWhole(certificate, der) ? certificate : undefined;
  } catch {
    // ASN.1 that is not a certificate: the callers say so in their own words.
    return undefined;
  }
}

/** BoringSSL passes over what follows a certificate, and lets dates pass that are none. */
function isWhole(certificate: X509Certificate, der: Uint8Array): boolean {
  const { raw, validFromDate, validToDate } = certificate;
  return raw.equals(der) && !Number.isNaN(validFromDate.getTime()) && !Number.isNaN(validToDate.getTime());
}

type Use = "client" | "server";

/** Extended key usages (RFC 5280, 4.2.1.12). */
const PURPOSE: Readonly<Record<Use, string>> = {
  client: "1.3.6.1.5.5.7.3.2",
  server: "1.3.6.1.5.5.7.3.1",
};

interface Leaf {
  readonly ok: true;
  readonly certificate: X509Certificate;
  readonly verified: Omit<VerifiedLeaf, "ok">;
}

async function verifyLeaf(
  chain: readonly string[],
  anchor: TrustAnchor,
  use: Use,
  now: number,
): Promise<Leaf | Refusal> {
  if (chain.length !== 1) return refuse(`chain has ${chain.length} certificates, expected one`);
  const certificate = readCertificate(chain[0]!);
  if (certificate === undefined) return refuse("certificate is not readable");
  const publicKey = await importPublicKey(subjectKey(certificate));
  if (publicKey === undefined) return refuse("certificate's key is not ECDSA P-256");
  if (!anchor.hasIssued(certificate)) return refuse("certificate was not issued by this server's CA");
  const notBefore = certificate.validFromDate.getTime();
  const notAfter = certificate.validToDate.getTime();
  if (now < notBefore) return refuse(`certificate is valid only from ${new Date(notBefore).toISOString()}`);
  if (now > notAfter) return refuse(`certificate expired at ${new Date(notAfter).toISOString()}`);
  const fault = purposeFault(certificate, use);
  if (fault !== undefined) return refuse(fault);
  const fingerprint = certificateFingerprint(certificate);
  return { ok: true, certificate, verified: { fingerprint, publicKey, notAfter } };
}

/** A leaf serves one purpose, so that a node's certificate can never stand for a server, nor the reverse. */
function purposeFault(certificate: X509Certificate, use: Use): string | undefined {
  const { kind, maySign } = constraintsOf(certificate);
  if (kind !== "leaf") return "certificate is not a leaf";
  if (!maySign) return "certificate may not sign";
  // Extended key usages; named otherwise, and undefined when there are none.
  const purposes: string[] | undefined = certificate.keyUsage;
  if (purposes?.length !== 1 || purposes[0] !== PURPOSE[use])
    return `certificate is not for ${use} authentication only`;
  return undefined;
}

function refuse(reason: string): Refusal {
  return { ok: false, reason };
}

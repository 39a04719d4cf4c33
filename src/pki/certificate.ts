import { importPublicKey, sha256Hex } from "./keys.ts";
import { decodePem, encodePem } from "./pem.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
} from "./x509.ts";

/** A leaf has about 500 bytes, a server's leaf with many names a few times that. */
const MAX_DER_BYTES = 8192;

const CLIENT_ID = /^[0-9a-f]{16}$/;

/** The server's CA: what a node pins at enrolment, and what every certificate is checked against. */
export class TrustAnchor {
  readonly pem: string;
  /** SHA-256 of the CA's SPKI in hex: the server's identity, whatever its names and leaf certificates are. */
  readonly serverId: string;
  /** The same digest in base64url, as join tokens carry it. */
  readonly pin: string;
  readonly publicKey: CryptoKey;

  private constructor(certificate: X509Certificate, publicKey: CryptoKey) {
    const digest = new Bun.CryptoHasher("sha256").update(certificate.publicKey.rawData).digest();
    this.pem = encodePem(certificate.rawData, "CERTIFICATE");
    this.serverId = digest.toString("hex");
    this.pin = digest.toString("base64url");
    this.publicKey = publicKey;
  }

  /** @throws Error when the text is not one self-signed P-256 CA certificate. */
  static async read(pem: string): Promise<TrustAnchor> {
    const certificate = readCertificate(pem);
    if (certificate === undefined) throw new Error("not one certificate in PEM");
    const publicKey = await importPublicKey(certificate.publicKey.rawData);
    if (publicKey === undefined) throw new Error("its key is not ECDSA P-256");
    if (certificate.getExtension(BasicConstraintsExtension)?.ca !== true) throw new Error("it is not a CA");
    if (!(await certificate.verify({ publicKey, signatureOnly: true })))
      throw new Error("its signature is not its own");
    return new TrustAnchor(certificate, publicKey);
  }
}

/** Why a certificate was not accepted, in words for an operator. */
export interface Refusal {
  readonly ok: false;
  readonly reason: string;
}

export interface VerifiedLeaf {
  readonly ok: true;
  /** SHA-256 of the DER in hex. */
  readonly fingerprint: string;
  readonly publicKey: CryptoKey;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

export interface VerifiedClient extends VerifiedLeaf {
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
  const clientId = commonName(leaf.certificate);
  if (clientId === undefined || !CLIENT_ID.test(clientId)) return refuse("certificate names no client");
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
  return sha256Hex(certificate.rawData);
}

/** Exactly one certificate in PEM, or undefined. Never throws: the text may be hostile. */
export function readCertificate(pem: string): X509Certificate | undefined {
  const der = decodePem(pem, "CERTIFICATE");
  if (der === undefined || der.length > MAX_DER_BYTES) return undefined;
  try {
    return new X509Certificate(der);
  } catch {
    // ASN.1 that is not a certificate: the callers say so in their own words.
    return undefined;
  }
}

type Use = "client" | "server";

const PURPOSE: Readonly<Record<Use, string>> = {
  client: ExtendedKeyUsage.clientAuth,
  server: ExtendedKeyUsage.serverAuth,
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
  const publicKey = await importPublicKey(certificate.publicKey.rawData);
  if (publicKey === undefined) return refuse("certificate's key is not ECDSA P-256");
  if (!(await isSignedBy(certificate, anchor)))
    return refuse("certificate was not issued by this server's CA");
  const notBefore = certificate.notBefore.getTime();
  const notAfter = certificate.notAfter.getTime();
  if (now < notBefore) return refuse(`certificate is valid only from ${new Date(notBefore).toISOString()}`);
  if (now > notAfter) return refuse(`certificate expired at ${new Date(notAfter).toISOString()}`);
  const fault = purposeFault(certificate, use);
  if (fault !== undefined) return refuse(fault);
  const fingerprint = certificateFingerprint(certificate);
  return { ok: true, certificate, verified: { fingerprint, publicKey, notAfter } };
}

/** A leaf serves one purpose, so that a node's certificate can never stand for a server, nor the reverse. */
function purposeFault(certificate: X509Certificate, use: Use): string | undefined {
  if (certificate.getExtension(BasicConstraintsExtension)?.ca !== false) return "certificate is not a leaf";
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0;
  if ((usages & KeyUsageFlags.digitalSignature) === 0) return "certificate may not sign";
  const purposes = certificate.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
  if (purposes.length !== 1 || purposes[0] !== PURPOSE[use])
    return `certificate is not for ${use} authentication only`;
  return undefined;
}

async function isSignedBy(certificate: X509Certificate, anchor: TrustAnchor): Promise<boolean> {
  try {
    return await certificate.verify({ publicKey: anchor.publicKey, signatureOnly: true });
  } catch {
    // The library throws on signatures of another algorithm: not this CA's either.
    return false;
  }
}

function commonName(certificate: X509Certificate): string | undefined {
  const names = certificate.subjectName.getField("CN");
  return names.length === 1 ? names[0] : undefined;
}

function refuse(reason: string): Refusal {
  return { ok: false, reason };
}

import type { X509Certificate } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import {
  certificateFingerprint,
  readCertificate,
  subjectKey,
  TrustAnchor,
  verifyServer,
} from "./certificate.ts";
import { type Issuer, issueCa, issueClientLeaf, issueServerLeaf } from "./issue.ts";
import { decodePrivateKey, encodePrivateKey, generateKeys, type KeyPair, samePublicKey } from "./keys.ts";
import { coveredNames, serverNames } from "./names.ts";
import { encodePem } from "./pem.ts";
import { PrivateFolder } from "./private_folder.ts";
import type { VerifiedRequest } from "./verified_request.ts";

/** Every name that the authority uses in the data directory. */
const FOLDER = "pki";
const CA_CERTIFICATE = "ca.pem";
const CA_KEY = "ca.key";
const SERVER_CERTIFICATE = "server.pem";
const SERVER_KEY = "server.key";

const RENEW_BEFORE_MS = 10 * 86_400_000;
/** What an agent accepts in a challenge. */
const MAX_SERVER_PEM_LENGTH = 3000;

interface AuthorityOptions {
  /** DNS names and IP addresses of the server besides those that the machine itself knows. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** The server's identity leaf: serves TLS, and signs the server's half of every handshake. */
export interface ServerIdentity {
  readonly certificate: string;
  readonly key: string;
  readonly privateKey: CryptoKey;
  /** SHA-256 of the DER in hex. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  /** DNS names and IP addresses that it covers, sorted. */
  readonly names: readonly string[];
}

interface IssuedCertificate {
  readonly pem: string;
  readonly fingerprint: string;
  readonly notAfter: number;
}

/** The server's own certificate authority. One per data directory; restored with its backup, it stays the same. */
export class Authority {
  readonly anchor: TrustAnchor;
  readonly server: ServerIdentity;
  readonly #issuer: Issuer;
  readonly #clock: Clock;

  private constructor(anchor: TrustAnchor, issuer: Issuer, server: ServerIdentity, clock: Clock) {
    this.anchor = anchor;
    this.server = server;
    this.#issuer = issuer;
    this.#clock = clock;
  }

  /**
   * Loads `<dataDir>/pki`, and makes what is missing: the CA at the first start, the server's certificate also when
   * it expires soon or its names have changed.
   * @throws Error when others can read a key, or when the CA is damaged: that must not be repaired by guessing,
   * because every node trusts this one CA.
   */
  static async open(dataDir: string, options: AuthorityOptions): Promise<Authority> {
    const folder = PrivateFolder.open(`${dataDir}/${FOLDER}`);
    const now = options.clock.now();
    const issuer = await openCa(folder, now, options.log);
    const anchor = await TrustAnchor.read(encodePem(issuer.certificate.raw, "CERTIFICATE"));
    const server = await openServer(folder, issuer, anchor, options, now);
    return new Authority(anchor, issuer, server, options.clock);
  }

  /** base64url SHA-256 of the CA's SPKI, as join tokens carry it. */
  get pin(): string {
    return this.anchor.pin;
  }

  /** The same digest in hex: this server's identity. */
  get serverId(): string {
    return this.anchor.serverId;
  }

  /** A new leaf for the key that `request` proved. @param clientId 16 hex digits. */
  async issueClient(request: VerifiedRequest, clientId: string): Promise<IssuedCertificate> {
    const leaf = await issueClientLeaf(this.#issuer, request.publicKey, clientId, this.#clock.now());
    return {
      pem: encodePem(leaf.raw, "CERTIFICATE"),
      fingerprint: certificateFingerprint(leaf),
      notAfter: leaf.validToDate.getTime(),
    };
  }
}

async function openCa(folder: PrivateFolder, now: number, log: Logger): Promise<Issuer> {
  const key = folder.read(CA_KEY);
  const pem = folder.read(CA_CERTIFICATE);
  if (key === undefined && pem === undefined) return createCa(folder, await generateKeys(), now, log);
  if (key === undefined) throw damaged(folder, CA_KEY, "is missing");
  const keys = await decodePrivateKey(key).catch((cause) => {
    throw damaged(folder, CA_KEY, "is not a P-256 private key", cause);
  });
  // The key is written first: a first start that was cut off in between goes on from it.
  if (pem === undefined) return createCa(folder, keys, now, log);
  await TrustAnchor.read(pem).catch((cause) => {
    throw damaged(folder, CA_CERTIFICATE, "is not a CA certificate", cause);
  });
  const certificate = readCertificate(pem)!;
  if (!(await samePublicKey(keys.publicKey, subjectKey(certificate))))
    throw damaged(folder, CA_KEY, `does not belong to ${CA_CERTIFICATE}`);
  refuseOutsideValidity(folder, certificate, now);
  return { certificate, privateKey: keys.privateKey };
}

async function createCa(folder: PrivateFolder, keys: KeyPair, now: number, log: Logger): Promise<Issuer> {
  const certificate = await issueCa(keys, now);
  folder.write(CA_KEY, await encodePrivateKey(keys.privateKey));
  folder.write(CA_CERTIFICATE, encodePem(certificate.raw, "CERTIFICATE"));
  log.info("created the certificate authority", { folder: folder.path });
  return { certificate, privateKey: keys.privateKey };
}

function refuseOutsideValidity(folder: PrivateFolder, ca: X509Certificate, now: number): void {
  if (now >= ca.validFromDate.getTime() && now <= ca.validToDate.getTime()) return;
  const span = `${ca.validFromDate.toISOString()} to ${ca.validToDate.toISOString()}`;
  throw new Error(
    `Cannot use the CA in "${folder.path}": it is valid from ${span}, and this machine's clock says ${new Date(now).toISOString()}. Set the clock right; if the CA has really expired, move the folder away and enroll every node anew.`,
  );
}

function damaged(folder: PrivateFolder, file: string, what: string, cause?: unknown): Error {
  const detail = cause instanceof Error ? ` (${cause.message})` : "";
  return new Error(
    `Cannot use the CA in "${folder.path}": ${file} ${what}${detail}. Restore the folder from a backup; without one, move it away to start with a new CA, and enroll every node anew.`,
    { cause },
  );
}

/** The server's leaf can always be made anew from the CA, so whatever is wrong with it is repaired by doing so. */
async function openServer(
  folder: PrivateFolder,
  issuer: Issuer,
  anchor: TrustAnchor,
  options: AuthorityOptions,
  now: number,
): Promise<ServerIdentity> {
  const names = serverNames(options.names);
  const key = folder.read(SERVER_KEY);
  const pem = folder.read(SERVER_CERTIFICATE);
  const stale = await reasonToReissue(key, pem, anchor, names, now);
  if (stale === undefined) return serverIdentity(pem!, key!);
  const keys = await generateKeys();
  const leaf = await issueServerLeaf(issuer, keys.publicKey, names, now);
  const newPem = encodePem(leaf.raw, "CERTIFICATE");
  if (newPem.length > MAX_SERVER_PEM_LENGTH)
    throw new Error(
      `Cannot issue the server's certificate: ${names.length} names make it ${newPem.length} characters long, the limit is ${MAX_SERVER_PEM_LENGTH}. Remove some from server.names.`,
    );
  const newKey = await encodePrivateKey(keys.privateKey);
  folder.write(SERVER_KEY, newKey);
  folder.write(SERVER_CERTIFICATE, newPem);
  options.log.info("issued the server's certificate", { reason: stale, names: names.join(" ") });
  return serverIdentity(newPem, newKey);
}

async function reasonToReissue(
  key: string | undefined,
  pem: string | undefined,
  anchor: TrustAnchor,
  names: readonly string[],
  now: number,
): Promise<string | undefined> {
  if (key === undefined || pem === undefined) return "there was none";
  const keys = await decodePrivateKey(key).catch(() => undefined);
  if (keys === undefined) return "its key is damaged";
  const verdict = await verifyServer([pem], anchor, now);
  if (!verdict.ok) return verdict.reason;
  const certificate = readCertificate(pem)!;
  if (!(await samePublicKey(keys.publicKey, subjectKey(certificate)))) return "its key is another's";
  if (verdict.notAfter - now < RENEW_BEFORE_MS) return "it expires soon";
  return coveredNames(certificate).join() === names.join() ? undefined : "the server's names have changed";
}

async function serverIdentity(certificate: string, key: string): Promise<ServerIdentity> {
  const { privateKey } = await decodePrivateKey(key);
  const leaf = readCertificate(certificate)!;
  return {
    certificate,
    key,
    privateKey,
    fingerprint: certificateFingerprint(leaf),
    notAfter: leaf.validToDate.getTime(),
    names: coveredNames(leaf),
  };
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { certificateFingerprint, readCertificate, subjectKey, TrustAnchor } from "../pki/certificate.ts";
import {
  decodePrivateKey,
  encodePrivateKey,
  generateKeys,
  type KeyPair,
  samePublicKey,
} from "../pki/keys.ts";
import { PrivateFolder } from "../pki/private_folder.ts";
import { parseJoinToken } from "../pki/token.ts";
import { EnrolmentError, requestCertificate } from "./enrolment.ts";

/** Every name that the identity uses in the data directory. */
const FOLDER = "identity";
const KEY = "key.pem";
const CERTIFICATE = "certificate.pem";
const CA = "ca.pem";
/** Written last: an identity without it is not complete. */
const CLIENT = "client.json";

const CLIENT_FILE = z.strictObject({
  server: z.string().min(1),
  client: z.string().regex(/^[0-9a-f]{16}$/),
  instance: z.string().min(1),
});

/** Who this node is to its server, and by which CA it knows that server. */
export interface Identity {
  /** `https://host:port`, where the server was last known to be. */
  readonly server: string;
  /** 16 hex digits. */
  readonly client: string;
  /** The value of the `instance` label that the server granted. */
  readonly instance: string;
  /** The client certificate in PEM. */
  readonly certificate: string;
  /** SHA-256 of the certificate's DER in hex. */
  readonly fingerprint: string;
  readonly privateKey: CryptoKey;
  readonly anchor: TrustAnchor;
}

/** A flag that matters at enrolment alone. */
export type GivenFlag = "name" | "token";

interface EnrolmentOptions {
  /** `https://host:port`; empty for the address that was used before. */
  readonly server: string;
  /** `dcmon1.…`, or empty when this node has already joined. */
  readonly token: string;
  readonly name: string;
  /** Which of these were given for this very start, to be told when they have no effect. */
  readonly given?: readonly GivenFlag[];
  /** `/etc/machine-id`, empty when there is none. */
  readonly machineId: string;
  readonly dataDir: string;
  readonly clock: Clock;
}

/** True when this data directory holds a complete identity. */
export function hasIdentity(dataDir: string): boolean {
  return existsSync(join(dataDir, FOLDER, CLIENT));
}

/** What {@link loadOrEnrol} needs and does not have, for a sentence to whoever starts the agent; undefined when nothing. */
export function missingToEnrol(
  options: Pick<EnrolmentOptions, "server" | "token" | "dataDir">,
): "server" | "token" | undefined {
  if (hasIdentity(options.dataDir)) return undefined;
  if (options.server === "") return "server";
  return options.token === "" ? "token" : undefined;
}

/**
 * The identity in `<dataDir>/identity`, or a new one from the server that the token was made for. The key is made
 * first and kept, so that a retry after a lost answer makes the same request and gets the same answer.
 * @throws EnrolmentError when the server could not be asked or refused; `transient` says whether to try again.
 * @throws Error when the identity is damaged, or can be read by others.
 */
export async function loadOrEnrol(options: EnrolmentOptions, log: Logger): Promise<Identity> {
  const folder = PrivateFolder.open(join(options.dataDir, FOLDER));
  const existing = await load(folder);
  if (existing !== undefined) {
    refuseForeignToken(existing, options, folder);
    tellIgnored(existing, options, folder, log);
    if (options.server === "" || options.server === existing.server) return existing;
    const moved = { ...existing, server: options.server };
    writeClient(folder, moved);
    return moved;
  }
  const keys = await loadOrCreateKey(folder);
  const granted = await requestCertificate({ ...options, keys });
  folder.write(CA, granted.anchor.pem);
  folder.write(CERTIFICATE, granted.certificate);
  const identity = identityOf({ ...granted, server: options.server }, granted.anchor, keys);
  writeClient(folder, identity);
  if (granted.instance !== options.name)
    log.warn("the server has this name already: this node is another instance", {
      name: options.name,
      instance: granted.instance,
    });
  log.info("joined the server", {
    server: options.server,
    client: granted.client,
    instance: granted.instance,
  });
  return identity;
}

function writeClient(folder: PrivateFolder, { client, instance, server }: Identity): void {
  folder.write(CLIENT, `${JSON.stringify({ client, instance, server })}\n`);
}

async function load(folder: PrivateFolder): Promise<Identity | undefined> {
  const client = folder.read(CLIENT);
  if (client === undefined) return undefined;
  const [key, certificate, ca] = [KEY, CERTIFICATE, CA].map(
    (name) => folder.read(name) ?? missing(folder, name),
  );
  try {
    const keys = await decodePrivateKey(key!);
    const leaf = readCertificate(certificate!);
    if (leaf === undefined) throw new Error(`${CERTIFICATE} is not a certificate`);
    if (!(await samePublicKey(keys.publicKey, subjectKey(leaf))))
      throw new Error(`${KEY} does not belong to ${CERTIFICATE}`);
    const granted = CLIENT_FILE.parse(JSON.parse(client));
    return identityOf({ ...granted, certificate: certificate! }, await TrustAnchor.read(ca!), keys);
  } catch (cause) {
    throw damaged(folder, (cause as Error).message, cause);
  }
}

async function loadOrCreateKey(folder: PrivateFolder): Promise<KeyPair> {
  const pem = folder.read(KEY);
  // Nothing was granted to this key yet, so a damaged one is replaced without loss.
  const kept = pem === undefined ? undefined : await decodePrivateKey(pem).catch(() => undefined);
  if (kept !== undefined) return kept;
  const keys = await generateKeys();
  folder.write(KEY, await encodePrivateKey(keys.privateKey));
  return keys;
}

function identityOf(
  granted: Pick<Identity, "client" | "instance" | "server" | "certificate">,
  anchor: TrustAnchor,
  keys: KeyPair,
): Identity {
  const fingerprint = certificateFingerprint(readCertificate(granted.certificate)!);
  const { client, instance, server, certificate } = granted;
  return { client, instance, server, certificate, fingerprint, privateKey: keys.privateKey, anchor };
}

/** A token for another server would be ignored silently otherwise, and the node stay where it is. */
function refuseForeignToken(identity: Identity, options: EnrolmentOptions, folder: PrivateFolder): void {
  const token = parseJoinToken(options.token);
  if (token === undefined || token.pin === identity.anchor.pin) return;
  throw new EnrolmentError(
    `Cannot join ${options.server}: this node has already joined another server than the one the token was made for. To move it, stop the agent, move "${folder.path}" away and start it again; to stay, remove the token.`,
    { transient: false },
  );
}

function tellIgnored(
  identity: Identity,
  options: EnrolmentOptions,
  folder: PrivateFolder,
  log: Logger,
): void {
  const ignored = (options.given ?? []).filter(
    (flag) => flag !== "name" || options.name !== identity.instance,
  );
  if (ignored.length === 0) return;
  const flags = ignored.map((flag) => `--${flag}`).join(" and ");
  log.warn(
    `already enrolled as "${identity.instance}": ${flags} ${ignored.length === 1 ? "is" : "are"} ignored; to enrol anew, remove "${folder.path}"`,
  );
}

function missing(folder: PrivateFolder, name: string): never {
  throw damaged(folder, `${name} is missing`);
}

function damaged(folder: PrivateFolder, what: string, cause?: unknown): Error {
  return new Error(
    `Cannot use the identity in "${folder.path}": ${what}. Move the folder away, create a token with "dcmon token create" on the server, and start the agent with it.`,
    { cause },
  );
}

import type { Clock } from "../lib/clock.ts";
import { randomHex } from "../lib/random.ts";
import type { Authority } from "../pki/authority.ts";
import { type Refusal, verifyClient } from "../pki/certificate.ts";
import {
  AGENT_PROOF,
  randomNonce,
  SERVER_PROOF,
  signProof,
  type Transcript,
  verifyProof,
} from "../pki/proof.ts";
import type { Store } from "../store/store.ts";
import type { Client } from "../store/types.ts";
import { type AgentMessage, WIRE_VERSION } from "../wire/messages.ts";

export type Hello = Extract<AgentMessage, { type: "hello" }>;

interface HandshakeOptions {
  readonly store: Pick<Store, "clients" | "certificates">;
  readonly authority: Authority;
  readonly clock: Clock;
}

/** A challenge that has been sent. Good for one proof, on the connection that it was made for. */
export interface Challenge {
  readonly ok: true;
  readonly transcript: Transcript;
  readonly agentKey: CryptoKey;
}

interface Authenticated {
  readonly ok: true;
  readonly client: Client;
  /** The server's own proof over the same transcript. */
  readonly signature: string;
}

export interface HandshakeRefusal extends Refusal {
  readonly cause: "unsupportedVersion" | "notAuthenticated" | "revoked";
}

/** What the listener knows of a connection before anything was said on it. */
export interface Peer {
  /** The client id in the URL. */
  readonly clientId: string;
  /** SHA-256 (hex) of the TLS certificate that the listener serves. */
  readonly serverCertificate: string;
}

/** Checks who the agent says it is, and makes a challenge that only the holder of its key can answer. */
export async function challenge(
  hello: Hello,
  peer: Peer,
  options: HandshakeOptions,
): Promise<Challenge | HandshakeRefusal> {
  const { authority, clock, store } = options;
  if (hello.v !== WIRE_VERSION)
    return refuse(
      "unsupportedVersion",
      `wire version ${hello.v} is not spoken here, this server speaks ${WIRE_VERSION}`,
    );
  if (hello.client !== peer.clientId)
    return refuse("notAuthenticated", "hello is for another client than the URL");
  const leaf = await verifyClient(hello.chain, authority.anchor, clock.now());
  if (!leaf.ok) return refuse("notAuthenticated", leaf.reason);
  if (leaf.clientId !== peer.clientId) return refuse("notAuthenticated", "certificate is another client's");
  const client = standing(peer.clientId, leaf.fingerprint, store);
  if (!client.ok) return client;
  const transcript: Transcript = {
    serverId: authority.serverId,
    clientId: peer.clientId,
    connection: randomHex(16),
    agentCertificate: leaf.fingerprint,
    serverCertificate: peer.serverCertificate,
    agentNonce: hello.nonce,
    serverNonce: randomNonce(),
    serverTime: clock.now(),
  };
  return { ok: true, transcript, agentKey: leaf.publicKey };
}

/** Checks the agent's proof and makes the server's. The caller has already given the challenge up. */
export async function authenticate(
  { transcript, agentKey }: Challenge,
  signature: string,
  { authority, store }: HandshakeOptions,
): Promise<Authenticated | HandshakeRefusal> {
  if (!(await verifyProof(agentKey, AGENT_PROOF, transcript, signature)))
    return refuse(
      "notAuthenticated",
      "proof does not fit this connection: it is another's, or something between agent and server ends TLS",
    );
  const own = await signProof(authority.server.privateKey, SERVER_PROOF, transcript);
  const client = standing(transcript.clientId, transcript.agentCertificate, store);
  return client.ok ? { ok: true, client: client.client, signature: own } : client;
}

/** What the store says of a client and its certificate at this moment. */
function standing(
  clientId: string,
  fingerprint: string,
  store: HandshakeOptions["store"],
): { readonly ok: true; readonly client: Client } | HandshakeRefusal {
  const client = store.clients.get(clientId);
  const certificate = store.certificates.find(fingerprint);
  if (client === undefined || certificate === undefined || certificate.clientId !== clientId)
    return refuse("notAuthenticated", "certificate is not registered here; enroll this node anew");
  if (client.revoked || certificate.revoked) return refuse("revoked", "certificate has been revoked");
  return { ok: true, client };
}

function refuse(cause: HandshakeRefusal["cause"], reason: string): HandshakeRefusal {
  return { ok: false, cause, reason };
}

import { randomText } from "../lib/random.ts";
import { SIGNATURE_ALGORITHM } from "./keys.ts";

/** Says who signs, so that neither side's signature can be played back as the other's. */
export const AGENT_PROOF = "dcmon-agent-proof-v1";
export const SERVER_PROOF = "dcmon-server-proof-v1";
type ProofContext = typeof AGENT_PROOF | typeof SERVER_PROOF;

const NONCE_BYTES = 32;

/**
 * What both ends sign when a connection opens. Freshness comes from the two nonces; the server's TLS certificate
 * ties the proof to the connection that the agent really has (as tls-server-end-point does, RFC 5929), so a proof
 * that a rogue server relays is worth nothing elsewhere.
 */
export interface Transcript {
  /** SHA-256 of the CA's SPKI, hex. */
  readonly serverId: string;
  /** 16 hex digits. */
  readonly clientId: string;
  readonly connection: string;
  /** SHA-256 of the agent certificate's DER, hex. */
  readonly agentCertificate: string;
  /** SHA-256 of the TLS certificate's DER, hex: that which the agent saw, that which the listener serves. */
  readonly serverCertificate: string;
  /** base64url of 32 bytes. */
  readonly agentNonce: string;
  readonly serverNonce: string;
  /** Milliseconds since the epoch, as the challenge gave it. */
  readonly serverTime: number;
}

export function randomNonce(): string {
  return randomText(NONCE_BYTES);
}

/** @returns the signature (r ‖ s, 64 bytes) in base64url. */
export async function signProof(
  key: CryptoKey,
  context: ProofContext,
  transcript: Transcript,
): Promise<string> {
  const signature = await crypto.subtle.sign(SIGNATURE_ALGORITHM, key, encodeTranscript(context, transcript));
  return Buffer.from(signature).toString("base64url");
}

export async function verifyProof(
  key: CryptoKey,
  context: ProofContext,
  transcript: Transcript,
  signature: string,
): Promise<boolean> {
  const bytes = Buffer.from(signature, "base64url");
  return crypto.subtle.verify(SIGNATURE_ALGORITHM, key, bytes, encodeTranscript(context, transcript));
}

/** Each field is preceded by its length in bytes (u32, big endian), so that no two transcripts share an encoding. */
export function encodeTranscript(context: ProofContext, transcript: Transcript): Uint8Array<ArrayBuffer> {
  const fields = [
    Buffer.from(context),
    Buffer.from(transcript.serverId, "hex"),
    Buffer.from(transcript.clientId),
    Buffer.from(transcript.connection),
    Buffer.from(transcript.agentCertificate, "hex"),
    Buffer.from(transcript.serverCertificate, "hex"),
    Buffer.from(transcript.agentNonce, "base64url"),
    Buffer.from(transcript.serverNonce, "base64url"),
    Buffer.from(String(transcript.serverTime)),
  ];
  const bytes = new Uint8Array(fields.reduce((size, field) => size + 4 + field.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    view.setUint32(at, field.length);
    bytes.set(field, at + 4);
    at += 4 + field.length;
  }
  return bytes;
}

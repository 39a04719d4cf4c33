import { expect, test } from "bun:test";
import { generateKeys } from "../../src/pki/keys.ts";
import {
  AGENT_PROOF,
  encodeTranscript,
  randomNonce,
  SERVER_PROOF,
  signProof,
  type Transcript,
  verifyProof,
} from "../../src/pki/proof.ts";
import { NOW } from "./fixtures.ts";

const keys = await generateKeys();

const transcript: Transcript = {
  serverId: "aa".repeat(32),
  clientId: "0123456789abcdef",
  connection: "c1",
  agentCertificate: "bb".repeat(32),
  serverCertificate: "cc".repeat(32),
  agentNonce: randomNonce(),
  serverNonce: randomNonce(),
  serverTime: NOW,
};

test("a proof verifies for its own transcript", async () => {
  const signature = await signProof(keys.privateKey, AGENT_PROOF, transcript);
  expect(Buffer.from(signature, "base64url").length).toBe(64);
  expect(await verifyProof(keys.publicKey, AGENT_PROOF, transcript, signature)).toBe(true);
});

test("a proof is worth nothing when any one field differs", async () => {
  const signature = await signProof(keys.privateKey, AGENT_PROOF, transcript);
  const changes: Partial<Transcript>[] = [
    { serverId: "ab".repeat(32) },
    { clientId: "0123456789abcdee" },
    { connection: "c2" },
    { agentCertificate: "bc".repeat(32) },
    { serverCertificate: "cd".repeat(32) },
    { agentNonce: randomNonce() },
    { serverNonce: randomNonce() },
    { serverTime: NOW + 1 },
  ];
  expect(changes.length).toBe(Object.keys(transcript).length);
  for (const change of changes)
    expect(await verifyProof(keys.publicKey, AGENT_PROOF, { ...transcript, ...change }, signature)).toBe(
      false,
    );
});

test("an agent's proof is not a server's, nor another key's, nor garbage's", async () => {
  const signature = await signProof(keys.privateKey, AGENT_PROOF, transcript);
  const stranger = await generateKeys();
  expect(await verifyProof(keys.publicKey, SERVER_PROOF, transcript, signature)).toBe(false);
  expect(await verifyProof(stranger.publicKey, AGENT_PROOF, transcript, signature)).toBe(false);
  expect(await verifyProof(keys.publicKey, AGENT_PROOF, transcript, "A".repeat(86))).toBe(false);
  expect(await verifyProof(keys.publicKey, AGENT_PROOF, transcript, "")).toBe(false);
});

test("moving a byte from one field to its neighbour changes the encoding", () => {
  const a = encodeTranscript(AGENT_PROOF, { ...transcript, clientId: "ab", connection: "c" });
  const b = encodeTranscript(AGENT_PROOF, { ...transcript, clientId: "a", connection: "bc" });
  expect(Buffer.from(a).equals(Buffer.from(b))).toBe(false);
});

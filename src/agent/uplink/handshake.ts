import type { Clock } from "../../lib/clock.ts";
import { verifyServer } from "../../pki/certificate.ts";
import {
  AGENT_PROOF,
  randomNonce,
  SERVER_PROOF,
  signProof,
  type Transcript,
  verifyProof,
} from "../../pki/proof.ts";
import { CLOSE, WIRE_VERSION } from "../../wire/messages.ts";
import type { Identity } from "../identity.ts";
import { LinkEnded } from "./link_ended.ts";
import type { ServerSocket } from "./socket.ts";

interface HandshakeOptions {
  readonly identity: Identity;
  /** Changes with every boot of this machine. */
  readonly bootId: string;
  readonly clock: Clock;
}

/**
 * Proves to the server who this node is, and has the server prove that it holds the key of a certificate that the
 * node's CA issued, both bound to the TLS certificate of this very connection. Nothing about the node is sent before.
 * @returns how far the server's clock is ahead of this machine's, in milliseconds.
 * @throws LinkEnded
 */
export async function authenticate(socket: ServerSocket, options: HandshakeOptions): Promise<number> {
  const { bootId, clock, identity } = options;
  const { anchor, certificate, client, fingerprint, privateKey } = identity;
  const nonce = randomNonce();
  socket.send({ type: "hello", v: WIRE_VERSION, chain: [certificate], nonce, client, boot: bootId });
  const challenge = await socket.expect("challenge");
  const server = await verifyServer(challenge.chain, anchor, clock.now());
  if (!server.ok) throw socket.fail(notProven(server.reason));
  const transcript: Transcript = {
    serverId: anchor.serverId,
    clientId: client,
    connection: challenge.connection,
    agentCertificate: fingerprint,
    serverCertificate: socket.certificate,
    agentNonce: nonce,
    serverNonce: challenge.nonce,
    serverTime: challenge.time,
  };
  socket.send({ type: "proof", signature: await signProof(privateKey, AGENT_PROOF, transcript) });
  const welcome = await socket.expect("welcome");
  if (!(await verifyProof(server.publicKey, SERVER_PROOF, transcript, welcome.signature)))
    throw socket.fail(notProven("its signature does not fit this connection"));
  if (welcome.instance !== identity.instance) throw socket.fail(otherInstance(welcome.instance, identity));
  return welcome.time - clock.now();
}

function notProven(reason: string): LinkEnded {
  return new LinkEnded(
    `The server did not prove that it is the one this node has joined: ${reason}. Nothing was sent. Check agent.server, and find out what stands between this node and its server.`,
    CLOSE.serverNotProven,
  );
}

function otherInstance(instance: string, identity: Identity): LinkEnded {
  return new LinkEnded(
    `The server knows this node as instance "${instance}", its own identity says "${identity.instance}". Let the node join again with a new token.`,
    CLOSE.serverNotProven,
  );
}

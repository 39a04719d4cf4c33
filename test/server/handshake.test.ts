import { afterAll, expect, test } from "bun:test";
import type { Identity } from "../../src/agent/identity.ts";
import { certificateFingerprint, readCertificate } from "../../src/pki/certificate.ts";
import { type Issuer, issueCa, issueClientLeaf, issueServerLeaf } from "../../src/pki/issue.ts";
import { decodePrivateKey, encodePrivateKey, generateKeys } from "../../src/pki/keys.ts";
import { AGENT_PROOF, randomNonce, SERVER_PROOF, signProof } from "../../src/pki/proof.ts";
import { createRequest } from "../../src/pki/request.ts";
import { readRequest, type VerifiedRequest } from "../../src/pki/verified_request.ts";
import { CLOSE } from "../../src/wire/messages.ts";
import { pemOf } from "../pki/fixtures.ts";
import { openSocket, RawAgent } from "./raw_agent.ts";
import { RunningHub } from "./running_hub.ts";

const ours = await RunningHub.start();
const other = await RunningHub.start();
const node = await ours.join("gpu-01");
afterAll(async () => {
  await ours.stop();
  await other.stop();
});

const DOES_NOT_FIT =
  "proof does not fit this connection: it is another's, or something between agent and server ends TLS";

async function settled(check: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !check(); i++) await Bun.sleep(5);
  expect(check()).toBe(true);
}

test("agent and server prove themselves to each other", async () => {
  const agent = await RawAgent.authenticated(node, ours.origin);
  expect(ours.hub.connected(node.client)).toBe(true);
  agent.close();
  await settled(() => !ours.hub.connected(node.client));
});

test("a proof recorded on one connection is refused on another", async () => {
  const first = await RawAgent.connect(node, ours.origin);
  const { transcript } = await first.challenged();
  const signature = await signProof(node.privateKey, AGENT_PROOF, transcript);
  first.send({ type: "proof", signature });
  await first.next("welcome");
  const second = await RawAgent.connect(node, ours.origin);
  await second.challenged({ nonce: transcript.agentNonce });
  second.send({ type: "proof", signature });
  expect(await second.closed).toEqual({ code: CLOSE.notAuthenticated, reason: DOES_NOT_FIT });
  first.close();
});

test("a challenge is good for one proof: a second one on the same connection ends it", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  const { transcript } = await agent.challenged();
  const signature = await signProof(node.privateKey, AGENT_PROOF, transcript);
  agent.send({
    type: "proof",
    signature: await signProof((await generateKeys()).privateKey, AGENT_PROOF, transcript),
  });
  agent.send({ type: "proof", signature });
  const { code, reason } = await agent.closed;
  expect([CLOSE.badMessage as number, CLOSE.notAuthenticated]).toContain(code);
  expect(["proof message out of turn", DOES_NOT_FIT]).toContain(reason);
  expect(ours.hub.connected(node.client)).toBe(false);
});

test("a proof replayed after the welcome ends the connection", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  const { transcript } = await agent.challenged();
  const signature = await signProof(node.privateKey, AGENT_PROOF, transcript);
  agent.send({ type: "proof", signature });
  await agent.next("welcome");
  agent.send({ type: "proof", signature });
  expect(await agent.closed).toEqual({ code: CLOSE.badMessage, reason: "proof message out of turn" });
});

test("a proof later than ten seconds is refused", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  const { transcript } = await agent.challenged();
  ours.clock.shift += 10_001;
  await agent.prove(transcript);
  expect(await agent.closed).toEqual({ code: CLOSE.handshakeTimeout, reason: "no proof within 10 s" });
});

test("a connection that says nothing is closed after five seconds", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  ours.clock.shift += 5001;
  expect(await agent.closed).toEqual({ code: CLOSE.handshakeTimeout, reason: "no hello within 5 s" });
});

test("hello and proof have ten seconds together", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  ours.clock.shift += 4000;
  const { transcript } = await agent.challenged();
  ours.clock.shift += 6001;
  await agent.prove(transcript);
  expect(await agent.closed).toEqual({ code: CLOSE.handshakeTimeout, reason: "no proof within 10 s" });
});

test("a proof made for a connection to another server's certificate is refused: relaying it gains nothing", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  const { transcript } = await agent.challenged();
  await agent.prove({ ...transcript, serverCertificate: other.authority.server.fingerprint });
  expect(await agent.closed).toEqual({ code: CLOSE.notAuthenticated, reason: DOES_NOT_FIT });
});

test("a man in the middle with a certificate of the same CA cannot relay the handshake", async () => {
  // The strongest relay there is: a server certificate that this CA itself has issued, as of a second server.
  const issuer = await issuerOf(ours);
  const keys = await generateKeys();
  const leaf = await issueServerLeaf(issuer, keys.publicKey, ["127.0.0.1"], Date.now());
  using relay = relayTo(ours.origin, { cert: pemOf(leaf), key: await encodePrivateKey(keys.privateKey) });
  const agent = await RawAgent.connect(node, relay.origin);
  const { transcript } = await agent.challenged();
  expect(transcript.serverCertificate).not.toBe(ours.authority.server.fingerprint);
  await agent.prove(transcript);
  expect(await agent.closed).toEqual({ code: CLOSE.notAuthenticated, reason: DOES_NOT_FIT });
});

test("an agent does not connect to a server of another CA, of another name, or with a node's certificate", async () => {
  const { anchor } = await other.join("stranger");
  await expect(RawAgent.connect({ ...node, anchor }, ours.origin)).rejects.toThrow("unable to verify");
  await expect(RawAgent.connect(node, ours.origin.replace("127.0.0.1", "127.0.0.2"))).rejects.toThrow(
    "127.0.0.2",
  );
  const keys = await generateKeys();
  const request = (await readRequest(await createRequest(keys))) as VerifiedRequest;
  const { pem } = await ours.authority.issueClient(request, "0123456789abcdef");
  using rogue = relayTo(ours.origin, { cert: pem, key: await encodePrivateKey(keys.privateKey) });
  await expect(RawAgent.connect(node, rogue.origin)).rejects.toThrow("unsupported certificate purpose");
});

test("the server's proof is its own: an agent's signature over the same transcript is none", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  const { transcript } = await agent.challenged();
  agent.send({ type: "proof", signature: await signProof(node.privateKey, SERVER_PROOF, transcript) });
  expect(await agent.closed).toEqual({ code: CLOSE.notAuthenticated, reason: DOES_NOT_FIT });
});

async function refusal(identity: Identity, path?: string): Promise<string> {
  const agent = await RawAgent.connect(identity, ours.origin, path);
  await agent.challenged().catch(() => {});
  const { code, reason } = await agent.closed;
  expect(code).toBe(CLOSE.notAuthenticated);
  return reason;
}

test("a certificate of another CA, of a server, or that was never registered is refused", async () => {
  const keys = await generateKeys();
  const theirCa = await generateKeys();
  const issuer = { certificate: await issueCa(theirCa, Date.now()), privateKey: theirCa.privateKey };
  const forged = await issueClientLeaf(issuer, keys.publicKey, node.client, Date.now());
  const forger = { ...node, certificate: pemOf(forged), fingerprint: certificateFingerprint(forged) };
  expect(await refusal(forger)).toBe("certificate was not issued by this server's CA");
  const server = { ...node, certificate: ours.authority.server.certificate };
  expect(await refusal(server)).toBe("certificate is not for client authentication only");
  const request = (await readRequest(await createRequest(keys))) as VerifiedRequest;
  const { pem } = await ours.authority.issueClient(request, node.client);
  expect(await refusal({ ...node, certificate: pem })).toBe(
    "certificate is not registered here; enroll this node anew",
  );
});

test("an expired certificate is refused, with the moment", async () => {
  ours.clock.wallShift = 31 * 86_400_000;
  expect(await refusal(node)).toMatch(/^certificate expired at 20/);
  ours.clock.wallShift = 0;
});

test("one client cannot come as another", async () => {
  const second = await ours.join("gpu-02");
  expect(await refusal(second, `/ws/client/${node.client}`)).toBe("hello is for another client than the URL");
  expect(await refusal({ ...second, client: node.client })).toBe("certificate is another client's");
});

test("another version of the wire is refused with both versions", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  await agent.challenged({ v: 2 }).catch(() => {});
  expect(await agent.closed).toEqual({
    code: CLOSE.unsupportedVersion,
    reason: "wire version 2 is not spoken here, this server speaks 1",
  });
});

test("a second connection of the same identity evicts the first and says so", async () => {
  const first = await RawAgent.streaming(node, ours.origin);
  const second = await RawAgent.streaming(node, ours.origin);
  expect(await first.closed).toEqual({
    code: CLOSE.evicted,
    reason: "evicted: this identity has connected again, from 127.0.0.1",
  });
  expect(ours.hub.connected(node.client)).toBe(true);
  expect(ours.hub.stats().connections).toBe(1);
  second.close();
  await settled(() => !ours.hub.connected(node.client));
});

test("a client that is disconnected for revocation is told so at once", async () => {
  const agent = await RawAgent.streaming(node, ours.origin);
  const started = performance.now();
  ours.hub.disconnect(node.client, "certificate has been revoked");
  expect(await agent.closed).toEqual({ code: CLOSE.revoked, reason: "certificate has been revoked" });
  expect(performance.now() - started).toBeLessThan(1000);
});

test("before authentication a message has at most 4 KiB", async () => {
  const agent = await RawAgent.connect(node, ours.origin);
  agent.sendRaw(JSON.stringify({ type: "hello", padding: "x".repeat(4096) }));
  expect(await agent.closed).toEqual({
    code: CLOSE.badMessage,
    reason: "message is larger than the 4096 bytes allowed before authentication",
  });
});

test("anything but the next message of the handshake ends the connection", async () => {
  const f = async (message: string | Uint8Array<ArrayBuffer>, expected: string) => {
    const agent = await RawAgent.connect(node, ours.origin);
    agent.sendRaw(message);
    expect(await agent.closed).toEqual({ code: CLOSE.badMessage, reason: expected });
  };
  await f("", "message is not JSON");
  await f("[]", "message: Invalid input: expected object, received array");
  await f(new Uint8Array(30), "binary message out of turn");
  await f(`{"type":"begin","epoch":"${"0".repeat(32)}","layouts":[]}`, "begin message out of turn");
  await f(JSON.stringify({ type: "proof", signature: "A".repeat(86) }), "proof message out of turn");
  await f(
    JSON.stringify({
      type: "hello",
      v: 1,
      chain: ["x"],
      nonce: randomNonce(),
      client: node.client,
      boot: "b",
      x: 1,
    }),
    "hello message: has 1 unknown keys",
  );
});

test("browsers, other paths and plain requests are turned away", async () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${ours.origin}${path}`, { headers, tls: { ca: node.anchor.pem, rejectUnauthorized: true } });
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  expect((await get(`/ws/client/${node.client}`)).status).toBe(426);
  expect((await get("/ws/client/..%2f")).status).toBe(404);
  const browser = await get(`/ws/client/${node.client}`, { ...upgrade, origin: ours.origin });
  expect([browser.status, await browser.text()]).toEqual([
    403,
    "This address is for agents, not for browsers.\n",
  ]);
});

test("an address cannot hold more than 32 connections that are not authenticated, nor fill the log", async () => {
  await settled(() => ours.hub.stats().unauthenticated === 0);
  const agents = await Promise.all(Array.from({ length: 32 }, () => RawAgent.connect(node, ours.origin)));
  expect(ours.hub.stats().unauthenticated).toBe(32);
  const lines = ours.log.lines.length;
  for (let i = 0; i < 100; i++) await expect(RawAgent.connect(node, ours.origin)).rejects.toThrow("503");
  expect(ours.log.lines.length - lines).toBeWithin(1, 70);
  for (const agent of agents) agent.close();
  await settled(() => ours.hub.stats().unauthenticated === 0);
  (await RawAgent.authenticated(node, ours.origin)).close();
}, 20_000);

test("a node that connects more than thirty times a minute is turned away, which is said once", async () => {
  const hasty = await ours.join("gpu-09");
  const lines = () => ours.log.lines.filter(({ fields }) => JSON.stringify(fields).includes(hasty.client));
  for (let i = 0; i < 30; i++) (await RawAgent.authenticated(hasty, ours.origin)).close();
  await settled(() => !ours.hub.connected(hasty.client));
  const before = lines().length;
  for (let i = 0; i < 20; i++) {
    const agent = new RawAgent(hasty, ours.origin);
    expect(await agent.closed).toEqual({
      code: CLOSE.busy,
      reason: "this node connects too often; try again later",
    });
  }
  expect(lines().length).toBe(before + 1);
  const other = await ours.join("gpu-10");
  (await RawAgent.authenticated(other, ours.origin)).close();
  ours.clock.shift += 60_000;
  (await RawAgent.authenticated(hasty, ours.origin)).close();
}, 20_000);

async function issuerOf({ authority, dataDir }: RunningHub): Promise<Issuer> {
  const { privateKey } = await decodePrivateKey(await Bun.file(`${dataDir}/pki/ca.key`).text());
  return { certificate: readCertificate(authority.anchor.pem)!, privateKey };
}

/** Ends TLS with a certificate of its own, and passes every message on in both directions. */
function relayTo(origin: string, tls: { cert: string; key: string }) {
  const server = Bun.serve<{ upstream: WebSocket; path: string }>({
    port: 0,
    tls,
    fetch(request, server) {
      const path = new URL(request.url).pathname;
      const upstream = openSocket(`${origin.replace("https", "wss")}${path}`, {
        tls: { rejectUnauthorized: false },
      });
      return server.upgrade(request, { data: { upstream, path } })
        ? undefined
        : new Response(null, { status: 400 });
    },
    websocket: {
      open(socket) {
        const { upstream } = socket.data;
        upstream.onmessage = ({ data }) => void socket.send(data);
        upstream.onclose = ({ code, reason }) => socket.close(code, reason);
      },
      async message(socket, message) {
        const { upstream } = socket.data;
        if (upstream.readyState === WebSocket.CONNECTING)
          await new Promise((resolve) => upstream.addEventListener("open", resolve));
        upstream.send(message);
      },
      close: (socket) => socket.data.upstream.close(),
    },
  });
  return { origin: `https://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}

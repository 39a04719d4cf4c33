import { expect, test } from "bun:test";
import { KeyObject, sign } from "node:crypto";
import { TrustAnchor, verifyClient, verifyServer } from "../../src/pki/certificate.ts";
import { elementsOf, encodeElement, TAG } from "../../src/pki/der.ts";
import { type Issuer, issueCa, issueClientLeaf, issueServerLeaf } from "../../src/pki/issue.ts";
import { generateKeys, KEY_ALGORITHM, SIGNATURE_ALGORITHM } from "../../src/pki/keys.ts";
import { decodePem, encodePem } from "../../src/pki/pem.ts";
import { createRequest } from "../../src/pki/request.ts";
import { readRequest } from "../../src/pki/verified_request.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  X509CertificateGenerator,
} from "../../src/pki/x509.ts";
import { DAY_MS, NOW, parsed, pemOf } from "./fixtures.ts";

const CLIENT_ID = "0123456789abcdef";
const HOUR_MS = 3_600_000;

async function createAuthority() {
  const keys = await generateKeys();
  const certificate = await issueCa(keys, NOW);
  const issuer: Issuer = { certificate, privateKey: keys.privateKey };
  return { issuer, anchor: await TrustAnchor.read(pemOf(certificate)) };
}

const ours = await createAuthority();
const node = await generateKeys();
const clientPem = pemOf(await issueClientLeaf(ours.issuer, node.publicKey, CLIENT_ID, NOW));
const serverPem = pemOf(await issueServerLeaf(ours.issuer, node.publicKey, ["localhost"], NOW));

/** A leaf signed by our CA with any subject, key and extensions. */
async function leafWith(
  subject: string,
  publicKey: CryptoKey,
  extensions: Extension[],
  issuer = parsed(ours.anchor.pem).subject,
): Promise<string> {
  const leaf = await X509CertificateGenerator.create({
    subject,
    issuer,
    notBefore: new Date(NOW - HOUR_MS),
    notAfter: new Date(NOW + HOUR_MS),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    publicKey,
    signingKey: ours.issuer.privateKey,
    extensions,
  });
  return encodePem(leaf.rawData, "CERTIFICATE");
}

const leafBasics = [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
];
const forClients = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth], true);

async function reason(chain: string[], now = NOW): Promise<string> {
  const verdict = await verifyClient(chain, ours.anchor, now);
  return verdict.ok ? "accepted" : verdict.reason;
}

test("a client certificate of this CA is accepted, also an hour before it was made", async () => {
  expect(await verifyClient([clientPem], ours.anchor, NOW)).toMatchObject({ ok: true, clientId: CLIENT_ID });
  expect(await reason([clientPem], NOW - HOUR_MS)).toBe("accepted");
});

test("a certificate of another CA is refused, even one of the same name", async () => {
  const theirs = await createAuthority();
  const pem = pemOf(await issueClientLeaf(theirs.issuer, node.publicKey, CLIENT_ID, NOW));
  expect(await reason([pem])).toBe("certificate was not issued by this server's CA");
});

test("a certificate that our CA's key has signed in another name is refused", async () => {
  const pem = await leafWith(`CN=${CLIENT_ID}`, node.publicKey, [...leafBasics, forClients], "CN=another CA");
  expect(await reason([pem])).toBe("certificate was not issued by this server's CA");
});

test("a certificate outside its validity is refused, with the moment", async () => {
  expect(await reason([clientPem], NOW + 31 * DAY_MS)).toBe(
    "certificate expired at 2026-12-21T12:00:00.000Z",
  );
  expect(await reason([clientPem], NOW - DAY_MS)).toBe(
    "certificate is valid only from 2026-11-21T10:00:00.000Z",
  );
});

test("a server certificate is no client, and a client certificate no server", async () => {
  expect(await reason([serverPem])).toBe("certificate is not for client authentication only");
  expect(await verifyServer([clientPem], ours.anchor, NOW)).toEqual({
    ok: false,
    reason: "certificate is not for server authentication only",
  });
  expect(await verifyServer([serverPem], ours.anchor, NOW)).toMatchObject({ ok: true });
});

test("a certificate for both purposes, for none, or without the right to sign is refused", async () => {
  const both = new ExtendedKeyUsageExtension(
    [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth],
    true,
  );
  const subject = `CN=${CLIENT_ID}`;
  expect(await reason([await leafWith(subject, node.publicKey, [...leafBasics, both])])).toBe(
    "certificate is not for client authentication only",
  );
  expect(await reason([await leafWith(subject, node.publicKey, leafBasics)])).toBe(
    "certificate is not for client authentication only",
  );
  expect(await reason([await leafWith(subject, node.publicKey, [leafBasics[0]!, forClients])])).toBe(
    "certificate may not sign",
  );
});

test("the CA itself is no client, nor is what may be a CA or does not say that it is none", async () => {
  expect(await reason([ours.anchor.pem])).toBe("certificate is not a leaf");
  const authority = new BasicConstraintsExtension(true, 0, true);
  for (const extensions of [
    [authority, leafBasics[1]!, forClients],
    [leafBasics[1]!, forClients],
  ])
    expect(await reason([await leafWith(`CN=${CLIENT_ID}`, node.publicKey, extensions)])).toBe(
      "certificate is not a leaf",
    );
});

test("a key that is not P-256 is refused", async () => {
  const p384 = await crypto.subtle.generateKey({ ...KEY_ALGORITHM, namedCurve: "P-384" }, true, [
    "sign",
    "verify",
  ]);
  expect(await reason([await leafWith(`CN=${CLIENT_ID}`, p384.publicKey, [...leafBasics, forClients])])).toBe(
    "certificate's key is not ECDSA P-256",
  );
});

test("a subject that is not one client id is refused", async () => {
  for (const subject of [
    "CN=admin",
    `CN=${CLIENT_ID}, CN=fedcba9876543210`,
    `O=dcmon, CN=${CLIENT_ID}`,
    "O=dcmon",
  ])
    expect(await reason([await leafWith(subject, node.publicKey, [...leafBasics, forClients])])).toBe(
      "certificate names no client",
    );
});

test("a chain that is empty, too long, oversized or garbage is refused", async () => {
  expect(await reason([])).toBe("chain has 0 certificates, expected one");
  expect(await reason([clientPem, ours.anchor.pem])).toBe("chain has 2 certificates, expected one");
  expect(await reason([clientPem + ours.anchor.pem])).toBe("certificate is not readable");
  expect(await reason(["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])).toBe(
    "certificate is not readable",
  );
  expect(await reason([encodePem(new Uint8Array(100_000), "CERTIFICATE")])).toBe(
    "certificate is not readable",
  );
  expect(await reason([`${"-".repeat(100_000)}BEGIN`])).toBe("certificate is not readable");
});

test("what follows a certificate within its block is refused", async () => {
  const der = decodePem(clientPem, "CERTIFICATE")!;
  for (const more of [Uint8Array.of(0), der, Buffer.from(clientPem)])
    expect(await reason([encodePem(Buffer.concat([der, more]), "CERTIFICATE")])).toBe(
      "certificate is not readable",
    );
});

test("a malformed certificate that our CA has signed is told in words, never thrown", async () => {
  const [whole] = elementsOf(decodePem(clientPem, "CERTIFICATE"));
  const [body, algorithm] = elementsOf(whole!.body);
  const key = KeyObject.from(ours.issuer.privateKey);
  const told = new Set<string>();
  for (let at = 0; at < body!.body.length; at += 2) {
    const changed = new Uint8Array(body!.body);
    changed[at]! ^= 0x05;
    const toBeSigned = encodeElement(TAG.sequence, changed);
    const signature = encodeElement(TAG.bitString, Uint8Array.of(0), sign("sha256", toBeSigned, key));
    const der = encodeElement(
      TAG.sequence,
      toBeSigned,
      encodeElement(TAG.sequence, algorithm!.body),
      signature,
    );
    told.add(await reason([encodePem(der, "CERTIFICATE")]));
  }
  expect(told).toContain("certificate is not readable");
  expect(told).toContain("certificate is not a leaf");
});

test("a certificate with any one byte changed is refused", async () => {
  const der = decodePem(clientPem, "CERTIFICATE")!;
  for (let at = 0; at < der.length; at++) {
    const changed = new Uint8Array(der);
    changed[at]! ^= 0x01;
    expect(await reason([encodePem(changed, "CERTIFICATE")])).not.toBe("accepted");
  }
});

test("a trust anchor is one self-signed CA certificate", async () => {
  await expect(TrustAnchor.read("nonsense")).rejects.toThrow("not one certificate in PEM");
  await expect(TrustAnchor.read(clientPem)).rejects.toThrow("it is not a CA");
});

test("a request proves its key and nothing more", async () => {
  const request = await readRequest(await createRequest(node));
  expect(request).toMatchObject({ ok: true });
  const again = await readRequest(await createRequest(node));
  expect(request.ok && again.ok && again.keyHash === request.keyHash).toBe(true);
});

test("a request with another's key, another kind of key, or garbage is refused", async () => {
  const stranger = await generateKeys();
  const forged = await Pkcs10CertificateRequestGenerator.create({
    keys: { publicKey: node.publicKey, privateKey: stranger.privateKey },
    signingAlgorithm: SIGNATURE_ALGORITHM,
  });
  expect(await readRequest(encodePem(forged.rawData, "CERTIFICATE REQUEST"))).toEqual({
    ok: false,
    reason: "its signature is not by its own key",
  });
  const p384 = await crypto.subtle.generateKey({ ...KEY_ALGORITHM, namedCurve: "P-384" }, true, [
    "sign",
    "verify",
  ]);
  const wrongCurve = await Pkcs10CertificateRequestGenerator.create({
    keys: p384,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-384" },
  });
  expect(await readRequest(encodePem(wrongCurve.rawData, "CERTIFICATE REQUEST"))).toEqual({
    ok: false,
    reason: "its key is not ECDSA P-256",
  });
  expect(await readRequest(encodePem(new Uint8Array(64), "CERTIFICATE REQUEST"))).toEqual({
    ok: false,
    reason: "it is not a PKCS #10 request",
  });
  expect(await readRequest(clientPem)).toMatchObject({ ok: false });
});

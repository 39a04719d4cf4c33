import { expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { silentLogger } from "../../src/lib/log.ts";
import { Authority } from "../../src/pki/authority.ts";
import { verifyClient, verifyServer } from "../../src/pki/certificate.ts";
import { generateKeys } from "../../src/pki/keys.ts";
import { createRequest } from "../../src/pki/request.ts";
import { readRequest, type VerifiedRequest } from "../../src/pki/verified_request.ts";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
} from "../../src/pki/x509.ts";
import { HeldClock } from "../support/held_clock.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { DAY_MS, NOW, parsed } from "./fixtures.ts";

const CLIENT_ID = "0123456789abcdef";

function openAuthority(dataDir: string, clock = new HeldClock(NOW), names: string[] = []) {
  return Authority.open(dataDir, { names, clock, log: silentLogger });
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "it did not fail",
    (error: Error) => error.message,
  );
}

test("the CA is P-256, ten years, path length 0, for signing certificates only", async () => {
  using dir = temporaryFolder();
  const { anchor } = await openAuthority(dir.path);
  const ca = parsed(anchor.pem);
  const constraints = ca.getExtension(BasicConstraintsExtension)!;
  expect([constraints.ca, constraints.pathLength, constraints.critical]).toEqual([true, 0, true]);
  expect(ca.getExtension(KeyUsagesExtension)!.usages).toBe(KeyUsageFlags.keyCertSign);
  expect(ca.publicKey.algorithm).toMatchObject({ name: "ECDSA", namedCurve: "P-256" });
  expect(ca.notAfter.getTime()).toBe(NOW + 3650 * DAY_MS);
});

test("pin and server id are the digest of the CA's SPKI, and stay the same after a restart", async () => {
  using dir = temporaryFolder();
  const first = await openAuthority(dir.path);
  const spki = parsed(first.anchor.pem).publicKey.rawData;
  const digest = new Bun.CryptoHasher("sha256").update(spki).digest();
  expect(first.pin).toBe(digest.toString("base64url"));
  expect(first.serverId).toBe(digest.toString("hex"));
  const second = await openAuthority(dir.path);
  expect(second.pin).toBe(first.pin);
  expect(second.server.fingerprint).toBe(first.server.fingerprint);
});

test("keys and certificates are 0600 in a 0700 folder, and nothing else is left there", async () => {
  using dir = temporaryFolder();
  await openAuthority(dir.path);
  expect(statSync(`${dir.path}/pki`).mode & 0o777).toBe(0o700);
  const files = readdirSync(`${dir.path}/pki`).sort();
  expect(files).toEqual(["ca.key", "ca.pem", "server.key", "server.pem"]);
  for (const file of files) expect(statSync(`${dir.path}/pki/${file}`).mode & 0o777).toBe(0o600);
});

test("a key or folder that others can read is refused, with the command that helps", async () => {
  using dir = temporaryFolder();
  await openAuthority(dir.path);
  chmodSync(`${dir.path}/pki/ca.key`, 0o640);
  expect(await messageOf(openAuthority(dir.path))).toContain(
    `Cannot use "${dir.path}/pki/ca.key": other users may access it (mode 0640, expected 0600). Run "chmod 600`,
  );
  chmodSync(`${dir.path}/pki/ca.key`, 0o600);
  chmodSync(`${dir.path}/pki`, 0o755);
  expect(await messageOf(openAuthority(dir.path))).toContain("(mode 0755, expected 0700)");
});

test("a first start cut off after the CA's key goes on with that key", async () => {
  using dir = temporaryFolder();
  const { pin } = await openAuthority(dir.path);
  for (const file of ["ca.pem", "server.key", "server.pem"]) rmSync(`${dir.path}/pki/${file}`);
  expect((await openAuthority(dir.path)).pin).toBe(pin);
});

test("a damaged CA is never replaced: the start fails and says what to do", async () => {
  using dir = temporaryFolder();
  await openAuthority(dir.path);
  const files = { key: `${dir.path}/pki/ca.key`, pem: `${dir.path}/pki/ca.pem` };
  const saved = { key: readFileSync(files.key, "utf8"), pem: readFileSync(files.pem, "utf8") };
  const advice = "Restore the folder from a backup";

  rmSync(files.key);
  expect(await messageOf(openAuthority(dir.path))).toMatch(/ca\.key is missing\. Restore the folder/);
  writeFileSync(files.key, saved.key.slice(0, 80), { mode: 0o600 });
  expect(await messageOf(openAuthority(dir.path))).toMatch(/ca\.key is not a P-256 private key/);
  writeFileSync(files.key, saved.key);
  truncateSync(files.pem, 100);
  expect(await messageOf(openAuthority(dir.path))).toMatch(/ca\.pem is not a CA certificate/);
  using other = temporaryFolder();
  const { anchor } = await openAuthority(other.path);
  writeFileSync(files.pem, anchor.pem);
  const message = await messageOf(openAuthority(dir.path));
  expect(message).toContain("ca.key does not belong to ca.pem");
  expect(message).toContain(advice);
  writeFileSync(files.pem, saved.pem);
  await openAuthority(dir.path);
});

test("a clock outside the CA's life is named as the likely cause", async () => {
  using dir = temporaryFolder();
  await openAuthority(dir.path);
  const clock = new HeldClock(NOW);
  clock.time = NOW - 365 * DAY_MS;
  expect(await messageOf(openAuthority(dir.path, clock))).toContain("this machine's clock says 2025-11-21");
});

test("the server's certificate covers this machine and the configured names, for server authentication only", async () => {
  using dir = temporaryFolder();
  const { server, anchor } = await openAuthority(dir.path, new HeldClock(NOW), [
    "Mon.Example.org",
    "2001:DB8:0::1",
  ]);
  for (const name of ["localhost", "127.0.0.1", "::1", "mon.example.org", "2001:db8::1"])
    expect(server.names).toContain(name);
  const leaf = parsed(server.certificate);
  expect(leaf.getExtension(ExtendedKeyUsageExtension)!.usages).toEqual([ExtendedKeyUsage.serverAuth]);
  expect(leaf.getExtension(BasicConstraintsExtension)!.ca).toBe(false);
  expect(server.notAfter).toBe(NOW + 30 * DAY_MS);
  expect(await verifyServer([server.certificate], anchor, NOW)).toMatchObject({
    ok: true,
    fingerprint: server.fingerprint,
  });
});

test("a name that no certificate can carry is refused", async () => {
  using dir = temporaryFolder();
  expect(await messageOf(openAuthority(dir.path, new HeldClock(NOW), ["https://mon"]))).toBe(
    'Cannot use "https://mon" in server.names: expected a DNS name or an IP address.',
  );
});

test("the server's certificate is issued anew within ten days of expiry, for other names, and when damaged", async () => {
  using dir = temporaryFolder();
  const clock = new HeldClock(NOW);
  const first = (await openAuthority(dir.path, clock)).server;
  clock.time = NOW + 19 * DAY_MS;
  expect((await openAuthority(dir.path, clock)).server.fingerprint).toBe(first.fingerprint);
  clock.time = NOW + 21 * DAY_MS;
  const second = (await openAuthority(dir.path, clock)).server;
  expect(second.notAfter).toBe(NOW + 51 * DAY_MS);
  const third = (await openAuthority(dir.path, clock, ["mon.example.org"])).server;
  expect(third.fingerprint).not.toBe(second.fingerprint);
  truncateSync(`${dir.path}/pki/server.key`, 40);
  const fourth = (await openAuthority(dir.path, clock, ["mon.example.org"])).server;
  expect(fourth.fingerprint).not.toBe(third.fingerprint);
});

test("a client certificate carries the client's id, for client authentication only, and nothing of the request", async () => {
  using dir = temporaryFolder();
  const authority = await openAuthority(dir.path);
  const request = (await readRequest(await createRequest(await generateKeys()))) as VerifiedRequest;
  const issued = await authority.issueClient(request, CLIENT_ID);
  const leaf = parsed(issued.pem);
  expect(leaf.subject).toBe(`CN=${CLIENT_ID}`);
  expect(leaf.getExtension(ExtendedKeyUsageExtension)!.usages).toEqual([ExtendedKeyUsage.clientAuth]);
  expect(leaf.notBefore.getTime()).toBeLessThanOrEqual(NOW - 3_600_000);
  expect(issued.notAfter).toBe(NOW + 30 * DAY_MS);
  expect(await verifyClient([issued.pem], authority.anchor, NOW)).toMatchObject({
    ok: true,
    clientId: CLIENT_ID,
    fingerprint: issued.fingerprint,
    notAfter: issued.notAfter,
  });
});

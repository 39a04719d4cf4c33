import { afterAll, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type GivenFlag, hasIdentity, loadOrEnrol } from "../../src/agent/identity.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { encodePrivateKey, generateKeys } from "../../src/pki/keys.ts";
import { createRequest } from "../../src/pki/request.ts";
import { createJoinToken, formatJoinToken, parseJoinToken } from "../../src/pki/token.ts";
import { readRequest, type VerifiedRequest } from "../../src/pki/verified_request.ts";
import { DAY_MS } from "../pki/fixtures.ts";
import { RunningHub, ShiftedClock } from "../server/running_hub.ts";
import { recordingLog } from "../support/recording_logger.ts";
import { temporaryFolder } from "../support/temporary.ts";

const ours = await RunningHub.start();
const rogue = await RunningHub.start();
afterAll(async () => {
  await ours.stop();
  await rogue.stop();
});

interface Attempt {
  server?: string;
  token: string;
  name?: string;
  clock?: ShiftedClock;
}

function join(
  dataDir: string,
  { server = ours.origin, token, name = "gpu-07", clock = ours.clock }: Attempt,
) {
  return loadOrEnrol({ server, token, name, machineId: "", dataDir, clock }, silentLogger);
}

/** The message with which a fresh node fails to join. */
async function failure(attempt: Attempt): Promise<string> {
  using folder = temporaryFolder();
  return await join(folder.path, attempt).then(
    () => "it joined",
    (error: Error) => error.message,
  );
}

test("a node joins once, and is the same client after a restart without token and server", async () => {
  using folder = temporaryFolder();
  expect(hasIdentity(folder.path)).toBe(false);
  const joined = await join(folder.path, { token: await ours.token(), name: "gpu-01" });
  expect(hasIdentity(folder.path)).toBe(true);
  expect(joined.instance).toBe("gpu-01");
  expect(ours.store.clients.get(joined.client)).toMatchObject({
    name: "gpu-01",
    instance: "gpu-01",
    revoked: false,
  });
  const again = await join(folder.path, { server: "https://unused.invalid", token: "" });
  expect(again.fingerprint).toBe(joined.fingerprint);
  expect(again.anchor.serverId).toBe(ours.authority.serverId);
});

test("the identity is 0600 in 0700, and refused when others can read it", async () => {
  using folder = temporaryFolder();
  const identity = `${folder.path}/identity`;
  await join(folder.path, { token: await ours.token() });
  expect(statSync(identity).mode & 0o777).toBe(0o700);
  expect(readdirSync(identity).sort()).toEqual(["ca.pem", "certificate.pem", "client.json", "key.pem"]);
  for (const file of readdirSync(identity)) expect(statSync(`${identity}/${file}`).mode & 0o777).toBe(0o600);
  chmodSync(`${identity}/key.pem`, 0o644);
  await expect(join(folder.path, { token: "" })).rejects.toThrow(`Run "chmod 600 ${identity}/key.pem"`);
});

test("a damaged identity says what is damaged and what to do", async () => {
  using folder = temporaryFolder();
  await join(folder.path, { token: await ours.token() });
  writeFileSync(`${folder.path}/identity/certificate.pem`, "garbage");
  await expect(join(folder.path, { token: "" })).rejects.toThrow(
    /certificate\.pem is not a certificate\. Move the folder away, create a token/,
  );
  rmSync(`${folder.path}/identity/ca.pem`);
  await expect(join(folder.path, { token: "" })).rejects.toThrow("ca.pem is missing");
});

test("after a lost answer the same token gives the same certificate to the same key", async () => {
  using folder = temporaryFolder();
  const token = await ours.token();
  const first = await join(folder.path, { token });
  for (const file of ["ca.pem", "certificate.pem", "client.json"]) rmSync(`${folder.path}/identity/${file}`);
  const second = await join(folder.path, { token });
  expect(second.client).toBe(first.client);
  expect(second.fingerprint).toBe(first.fingerprint);
});

test("two nodes of one name get instances of their own", async () => {
  const [a, b] = [await ours.join("twin"), await ours.join("twin")];
  expect(a.instance).toBe("twin");
  expect(b.instance).toMatch(/^twin-/);
});

test("a name that the server has already is told at joining, flags without effect at every later start", async () => {
  await ours.join("taken");
  using folder = temporaryFolder();
  const log = recordingLog();
  const token = await ours.token();
  const start = (given: readonly GivenFlag[]) =>
    loadOrEnrol(
      {
        server: ours.origin,
        token,
        name: "taken",
        given,
        machineId: "",
        dataDir: folder.path,
        clock: ours.clock,
      },
      log,
    );
  const warnings = () => log.lines.splice(0).filter(({ level }) => level === "warn");
  const { instance } = await start(["name", "token"]);
  expect(warnings()).toMatchObject([
    {
      message: "the server has this name already: this node is another instance",
      fields: { name: "taken", instance },
    },
  ]);
  await start([]);
  expect(warnings()).toEqual([]);
  await start(["name", "token"]);
  expect(warnings()).toMatchObject([
    {
      message: `already enrolled as "${instance}": --name and --token are ignored; to enrol anew, remove "${folder.path}/identity"`,
    },
  ]);
});

test("an expired token is refused", async () => {
  const token = await ours.token({ expiresInMs: -1 });
  expect(await failure({ token })).toBe(
    'Cannot enroll "gpu-07": the token has expired. Create a new one with "dcmon token create" on the server.',
  );
});

test("a used token is refused to another key", async () => {
  const token = await ours.token();
  expect(await failure({ token })).toBe("it joined");
  expect(await failure({ token })).toBe(
    'Cannot enroll "gpu-07": the token has been used already. Create a new one with "dcmon token create" on the server.',
  );
});

test("an unknown token, and one with a changed secret, are refused alike", async () => {
  const known = parseJoinToken(await ours.token())!;
  const message =
    'Cannot enroll "gpu-07": the server does not know this token. Paste it again, or create a new one with "dcmon token create".';
  expect(await failure({ token: formatJoinToken(createJoinToken(ours.authority.pin)) })).toBe(message);
  const { secret } = createJoinToken(known.pin);
  expect(await failure({ token: formatJoinToken({ ...known, secret }) })).toBe(message);
});

test("a mistyped or missing token is told before anything is sent", async () => {
  const requests = ours.requests.length;
  expect(await failure({ token: (await ours.token()).slice(0, -3) })).toContain(
    "the token is incomplete or mistyped",
  );
  expect(await failure({ token: "" })).toContain("this node has no identity and no token");
  expect(ours.requests.length).toBe(requests);
});

test("a rogue server with a CA of its own is recognised by the pin, and never sees the secret", async () => {
  expect(await failure({ token: await ours.token(), server: rogue.origin })).toStartWith(
    `Cannot enroll "gpu-07": the server at ${rogue.origin} is not the one this token was made for.`,
  );
  expect(rogue.requests).not.toContain("/api/enroll");
});

test("a rogue server that passes on the real CA fails at TLS, and never sees the secret", async () => {
  using impostor = impersonate({ cert: rogue.authority.server.certificate, key: rogue.authority.server.key });
  expect(await failure({ token: await ours.token(), server: impostor.origin })).toStartWith(
    `Cannot enroll "gpu-07": the server at ${impostor.origin} is not the one this token was made for.`,
  );
  expect(impostor.requests).toEqual(["/api/ca"]);
});

test("a node's certificate does not make a server", async () => {
  const keys = await generateKeys();
  const request = (await readRequest(await createRequest(keys))) as VerifiedRequest;
  const { pem } = await ours.authority.issueClient(request, "0123456789abcdef");
  using impostor = impersonate({ cert: pem, key: await encodePrivateKey(keys.privateKey) });
  expect(await failure({ token: await ours.token(), server: impostor.origin })).toStartWith(
    `Cannot enroll "gpu-07": the server at ${impostor.origin} is not the one this token was made for.`,
  );
  expect(impostor.requests).toEqual(["/api/ca"]);
});

test("a name that the certificate does not cover is refused, and the covered ones are listed", async () => {
  const message = await failure({
    token: await ours.token(),
    server: `https://127.0.0.2:${ours.server.port}`,
  });
  expect(message).toStartWith(
    'Cannot enroll "gpu-07": the server\'s certificate does not cover "127.0.0.2"; it covers ',
  );
  expect(message).toContain("localhost");
  expect(message).toContain("127.0.0.1");
  expect(message).toEndWith("add the address to server.names and restart the server.");
});

test("NODE_TLS_REJECT_UNAUTHORIZED=0 in the agent's environment opens no door", async () => {
  using impostor = impersonate({ cert: rogue.authority.server.certificate, key: rogue.authority.server.key });
  using folder = temporaryFolder();
  const script = `${import.meta.dir}/join_child.ts`;
  const child = Bun.spawn([process.execPath, script, impostor.origin, await ours.token(), folder.path], {
    env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await new Response(child.stdout).text()).toContain("is not the one this token was made for");
  expect(await child.exited).toBe(0);
  expect(impostor.requests).toEqual(["/api/ca"]);
});

test("an unreachable server is told as such, and may be tried again", async () => {
  const closed = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = closed;
  await closed.stop(true);
  const attempt = { token: await ours.token(), server: `https://127.0.0.1:${port}` };
  using folder = temporaryFolder();
  const error = await join(folder.path, attempt).catch((error) => error);
  expect(error.message).toBe(
    `Cannot enroll "gpu-07": no answer from https://127.0.0.1:${port} (ECONNREFUSED). Check that the server runs, and agent.server and the firewall.`,
  );
  expect(error.transient).toBe(true);
});

test("a server without TLS, or that is not dcmon, is told as such", async () => {
  const plain = Bun.serve({ port: 0, fetch: () => new Response() });
  const token = await ours.token();
  expect(await failure({ token, server: `https://127.0.0.1:${plain.port}` })).toContain(
    "does not speak TLS 1.3",
  );
  await plain.stop(true);
  const { certificate: cert, key } = rogue.authority.server;
  const other = Bun.serve({
    port: 0,
    tls: { cert, key },
    fetch: () => new Response("hello", { status: 404 }),
  });
  expect(await failure({ token, server: `https://127.0.0.1:${other.port}` })).toContain(
    "is not a dcmon server (it answered 404)",
  );
  await other.stop(true);
  expect(await failure({ token, server: "http://127.0.0.1:8000" })).toContain(
    "agent.server is not of the form https://HOST:PORT",
  );
});

test("a clock far off is named when the certificate seems outside its time", async () => {
  const past = new ShiftedClock();
  past.shift = -60 * DAY_MS;
  const old = await RunningHub.start({ clock: past });
  const ahead = new ShiftedClock();
  ahead.shift = 60 * DAY_MS;
  const attempt = { token: await old.token(), server: old.origin };
  expect(await failure({ ...attempt, clock: ahead })).toBe(
    "Cannot enroll \"gpu-07\": by this machine's clock the server's certificate has expired, and the clock is 60 days ahead of the server's. Set the clock right (timedatectl).",
  );
  expect(await failure({ ...attempt, clock: new ShiftedClock() })).toContain(
    "the server's certificate has expired. Restart the server",
  );
  await old.stop();
});

test("a node that belongs to one server is not silently kept from another's token", async () => {
  using folder = temporaryFolder();
  await join(folder.path, { token: await ours.token() });
  await expect(join(folder.path, { token: await rogue.token() })).rejects.toThrow(
    "this node has already joined another server than the one the token was made for",
  );
});

test("the private key never leaves the node", async () => {
  using folder = temporaryFolder();
  const bodies: string[] = [];
  const { certificate: cert, key } = ours.authority.server;
  const recorder = Bun.serve({
    port: 0,
    tls: { cert, key },
    async fetch(request) {
      if (new URL(request.url).pathname === "/api/ca") return ours.enrolment.ca();
      const body = await request.text();
      bodies.push(body);
      return ours.enrolment.enroll(new Request(request.url, { method: "POST", body }), "127.0.0.1");
    },
  });
  await join(folder.path, { token: await ours.token(), server: `https://127.0.0.1:${recorder.port}` });
  const pem = readFileSync(`${folder.path}/identity/key.pem`, "utf8");
  expect(bodies.length).toBe(1);
  expect(bodies[0]).not.toContain("PRIVATE KEY");
  expect(bodies[0]).not.toContain(pem.split("\n")[2]!);
  await recorder.stop(true);
});

/** A server that hands out our real CA, and serves whatever certificate it has. */
function impersonate(tls: { cert: string; key: string }) {
  const requests: string[] = [];
  const server = Bun.serve({
    port: 0,
    tls,
    fetch(request) {
      requests.push(new URL(request.url).pathname);
      return ours.enrolment.ca();
    },
  });
  return {
    origin: `https://127.0.0.1:${server.port}`,
    requests,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

import { afterAll, expect, test } from "bun:test";
import { generateKeys } from "../../src/pki/keys.ts";
import { createRequest } from "../../src/pki/request.ts";
import { createJoinToken, formatJoinToken } from "../../src/pki/token.ts";
import { senderOf } from "../../src/server/address.ts";
import { RunningHub } from "./running_hub.ts";

const ours = await RunningHub.start();
afterAll(() => ours.stop());

/** Each test speaks from an address of its own, so that none uses up another's attempts. */
let nextAddress = 1;
const newAddress = () => `10.0.0.${nextAddress++}`;

async function enroll(body: unknown, address = newAddress()) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const request = new Request("https://localhost/api/enroll", { method: "POST", body: text });
  const response = await ours.enrolment.enroll(request, address);
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as { error?: string },
  };
}

const csr = await createRequest(await generateKeys());
const valid = async () => ({ token: await ours.token(), csr, name: "gpu-07", machine_id: "" });

test("of 100 parallel joins with one single-use token exactly one succeeds", async () => {
  const token = await ours.token();
  const requests = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => ({
      token,
      csr: await createRequest(await generateKeys()),
      name: `node-${i}`,
      machine_id: "",
    })),
  );
  const before = ours.store.clients.all().length;
  const answers = await Promise.all(requests.map((request) => enroll(request)));
  expect(answers.filter(({ status }) => status === 200).length).toBe(1);
  for (const { status, json } of answers)
    if (status !== 200) expect(json.error).toStartWith("the token has been used already.");
  expect(ours.store.clients.all().length).toBe(before + 1);
}, 30_000);

test("a token for three nodes serves three", async () => {
  const token = await ours.token({ uses: 3 });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const request = await createRequest(await generateKeys());
    statuses.push((await enroll({ token, csr: request, name: `rack-${i}`, machine_id: "" })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 403]);
});

test("whatever a request may not contain is refused with its place", async () => {
  const request = await valid();
  const f = async (change: object, message: string) => {
    const { status, json } = await enroll({ ...request, ...change });
    expect([status, json.error]).toEqual([400, message]);
  };
  await f({ name: "" }, "name: expected up to 64 printable characters.");
  await f({ name: " \t " }, "name: expected up to 64 printable characters.");
  await f({ name: "x".repeat(65) }, "name: expected up to 64 printable characters.");
  await f({ name: "a\u001b[31mb" }, "name: expected up to 64 printable characters.");
  await f({ name: "a\u202eb" }, "name: expected up to 64 printable characters.");
  await f({ machine_id: "../../etc" }, "machine_id: expected up to 64 letters, digits and dashes.");
  await f({ admin: true }, "the request has unknown keys. Is the agent a newer version?");
  await f({ token: "dcmon1.x" }, "token: expected dcmon1.<id>.<secret>.<pin>.");
  await f({ csr: "hello" }, 'csr: expected one PEM block "CERTIFICATE REQUEST" of at most 2048 bytes.');
});

test("a body that is not JSON, or larger than 16 KiB, is refused", async () => {
  const shape = "request: expected JSON with token, csr, name and machine_id.";
  expect(await enroll("{")).toMatchObject({ status: 400, json: { error: shape } });
  expect(await enroll({})).toMatchObject({ status: 400, json: { error: "token: expected a join token." } });
  const { status, json } = await enroll("x".repeat(16 * 1024 + 1));
  expect([status, json.error]).toEqual([413, "the request is larger than 16384 bytes."]);
});

test("the name is trimmed, and kept with what people write in names", async () => {
  const { status } = await enroll({ ...(await valid()), name: "  Knoten Äöü 7 <b> " });
  expect(status).toBe(200);
  expect(ours.store.clients.all().map(({ name }) => name)).toContain("Knoten Äöü 7 <b>");
});

const guess = async () => ({
  ...(await valid()),
  token: formatJoinToken(createJoinToken(ours.authority.pin)),
});

test("twenty guesses within a minute make an address wait, and not who knows a token", async () => {
  const address = newAddress();
  for (let i = 0; i < 20; i++) expect((await enroll(await guess(), address)).status).toBe(403);
  const refused = await enroll(await guess(), address);
  expect(refused.status).toBe(429);
  expect(refused.json.error).toMatch(/^too many failed attempts\. Try again in \d+ s\.$/);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await enroll(await guess())).status).toBe(403);
  expect((await enroll(await valid(), address)).status).toBe(200);
  ours.clock.shift += 60_000;
  expect((await enroll(await guess(), address)).status).toBe(403);
});

test("guesses from many addresses have a limit in all, and keep out nobody who knows a token", async () => {
  ours.clock.shift += 60_000;
  const wrong = await guess();
  const lines = ours.log.lines.length;
  for (let i = 0; i < 200; i++) await enroll(wrong, `10.1.0.${i}`);
  expect((await enroll(wrong, "10.2.0.1")).status).toBe(429);
  expect((await enroll(await valid(), "10.2.0.1")).status).toBe(200);
  expect(ours.log.lines.length - lines).toBeLessThanOrEqual(61);
  ours.clock.shift += 60_000;
});

test("requests that are none are no guesses", async () => {
  const address = newAddress();
  for (let i = 0; i < 250; i++) await enroll(i % 2 === 0 ? "{" : "x".repeat(20_000), address);
  expect((await enroll(await guess(), address)).status).toBe(403);
});

test("who knows a token can have it refused 200 times a minute, and hinders no other token", async () => {
  const used = await valid();
  expect((await enroll(used)).status).toBe(200);
  const again = { ...used, csr: await createRequest(await generateKeys()) };
  const statuses: number[] = [];
  for (let i = 0; i < 201; i++) statuses.push((await enroll(again)).status);
  expect(statuses.filter((status) => status === 403).length).toBe(200);
  expect(statuses.at(-1)).toBe(429);
  expect((await enroll(await valid())).status).toBe(200);
});

test("a host with a /64 of its own is one sender", () => {
  expect(senderOf("2001:db8:0:1::5")).toBe(senderOf("2001:db8:0:1:ffff::9"));
  expect(senderOf("2001:db8:0:1::5")).not.toBe(senderOf("2001:db8:0:2::5"));
  expect(senderOf("::1")).toBe("0:0:0:0::/64");
  expect(senderOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(senderOf("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(senderOf("192.0.2.7")).toBe("192.0.2.7");
});

test("neither the secret nor its token is stored", async () => {
  const token = await ours.token();
  const secret = token.split(".")[2]!;
  await enroll({ ...(await valid()), token });
  expect(ours.logged).not.toContain(secret);
  const dump = await Array.fromAsync(
    new Bun.Glob("**/*").scan({ cwd: ours.dataDir, absolute: true }),
    (file) => Bun.file(file).bytes(),
  );
  expect(dump.length).toBeGreaterThan(4);
  for (const bytes of dump) expect(Buffer.from(bytes).includes(secret)).toBe(false);
});

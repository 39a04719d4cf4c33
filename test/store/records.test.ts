import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Enrolment } from "../../src/store/types.ts";
import { until } from "../support/until.ts";
import { HOUR_MS, StoreFixture, T0 } from "./fixture.ts";

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await StoreFixture.open();
});
afterEach(() => fixture.remove());

const TOKEN = { id: "t1", secretHash: "5ec4e7", expiresAt: T0 + HOUR_MS, uses: 1 };

function enrolment(n: number, changes: Partial<Enrolment> = {}): Enrolment {
  return {
    tokenId: "t1",
    secretHash: "5ec4e7",
    now: T0,
    csrHash: `csr${n}`,
    client: { id: `id${n}`, name: "gpu-07", instance: "gpu-07", machineId: `machine${n}` },
    certificate: { fingerprint: `fp${n}`, pem: `PEM${n}`, notAfter: T0 + 24 * HOUR_MS },
    ...changes,
  };
}

test("enrolling consumes the token and registers client and certificate, over a restart", async () => {
  await fixture.store.createToken(TOKEN);
  const outcome = await fixture.store.enrol(enrolment(1));
  if (outcome.outcome !== "enrolled") throw new Error(outcome.outcome);
  expect(outcome.client).toEqual({
    id: "id1",
    owner: 1,
    name: "gpu-07",
    instance: "gpu-07",
    machineId: "machine1",
    createdAt: T0,
    revoked: false,
    labels: {},
  });
  const check = () => {
    expect(fixture.store.clients.all()).toEqual([outcome.client]);
    expect(fixture.store.clients.get("id1")).toEqual(outcome.client);
    const certificate = { fingerprint: "fp1", clientId: "id1", notAfter: T0 + 24 * HOUR_MS, revoked: false };
    expect(fixture.store.certificates.find("fp1")).toEqual(certificate);
    expect(fixture.store.certificates.of("id1")).toEqual([certificate]);
  };
  check();
  await fixture.restart();
  check();
});

test("a token is known by id and secret, over a restart, and a week longer than it is good for", async () => {
  await fixture.store.createToken(TOKEN);
  const known = () => [
    fixture.store.tokens.knows("t1", "5ec4e7"),
    fixture.store.tokens.knows("t1", "other"),
    fixture.store.tokens.knows("t2", "5ec4e7"),
  ];
  expect(known()).toEqual([true, false, false]);
  await fixture.store.enrol(enrolment(1));
  fixture.clock.time += 7 * 24 * HOUR_MS;
  await fixture.restart();
  expect(known()).toEqual([true, false, false]);
  fixture.clock.time += 2 * HOUR_MS;
  await until(() => !fixture.store.tokens.knows("t1", "5ec4e7"), "the token's end");
});

test("the same request again gets the same answer, also when the token has expired since", async () => {
  await fixture.store.createToken(TOKEN);
  await fixture.store.enrol(enrolment(1));
  const again = enrolment(1, {
    now: T0 + 2 * HOUR_MS,
    certificate: { fingerprint: "other", pem: "OTHER", notAfter: 0 },
  });
  expect(await fixture.store.enrol(again)).toMatchObject({
    outcome: "repeated",
    pem: "PEM1",
    client: { id: "id1" },
  });
  expect(fixture.store.clients.all()).toHaveLength(1);
  expect(fixture.store.certificates.find("other")).toBeUndefined();
});

test("of 100 clients that use one token at the same time, one is enrolled", async () => {
  await fixture.store.createToken(TOKEN);
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, n) => fixture.store.enrol(enrolment(n))),
  );
  expect(outcomes.filter(({ outcome }) => outcome === "enrolled")).toHaveLength(1);
  expect(outcomes.filter((o) => o.outcome === "refused" && o.reason === "used")).toHaveLength(99);
  expect(fixture.store.clients.all()).toHaveLength(1);
});

test("a wrong secret, an unknown token and an expired one are refused", async () => {
  await fixture.store.createToken(TOKEN);
  const refused = (reason: string) => ({ outcome: "refused", reason }) as never;
  expect(await fixture.store.enrol(enrolment(1, { secretHash: "bad" }))).toEqual(refused("unknown"));
  expect(await fixture.store.enrol(enrolment(1, { tokenId: "t2" }))).toEqual(refused("unknown"));
  expect(await fixture.store.enrol(enrolment(1, { now: TOKEN.expiresAt }))).toEqual(refused("expired"));
});

test("two clients of one name get two instances", async () => {
  await fixture.store.createToken({ ...TOKEN, uses: 3 });
  for (let n = 1; n <= 3; n++) await fixture.store.enrol(enrolment(n));
  expect(fixture.store.clients.all().map(({ name, instance, owner }) => [name, instance, owner])).toEqual([
    ["gpu-07", "gpu-07", 1],
    ["gpu-07", "gpu-07-2", 2],
    ["gpu-07", "gpu-07-3", 3],
  ]);
});

test("a session is found until it expires or is removed", async () => {
  const { sessions } = fixture.store;
  sessions.create("h1", T0 + 1000);
  sessions.create("h2", T0 + 1000);
  sessions.remove("h2");
  await fixture.restart();
  expect(fixture.store.sessions.find("h1")).toEqual({ expiresAt: T0 + 1000 });
  expect(fixture.store.sessions.find("h2")).toBeUndefined();
  fixture.clock.time = T0 + 1000;
  expect(fixture.store.sessions.find("h1")).toBeUndefined();
});

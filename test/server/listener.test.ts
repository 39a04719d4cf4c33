import { afterAll, expect, test } from "bun:test";
import { connect } from "node:tls";
import { silentLogger } from "../../src/lib/log.ts";
import { Authority } from "../../src/pki/authority.ts";
import { createApp } from "../../src/server/app.tsx";
import { Enrolment } from "../../src/server/enrolment.ts";
import { Hub } from "../../src/server/hub.ts";
import { listen } from "../../src/server/listener.ts";
import { StoreFixture } from "../store/fixture.ts";
import { ADMIN_TOKEN } from "./app_fixture.ts";
import { ShiftedClock } from "./running_hub.ts";

/** Bun looks at idle connections every four seconds: with a limit of one second they end after four to five. */
const IDLE_TIMEOUT_S = 1;
const QUERY_MS = 7000;

const clock = new ShiftedClock();
const fixture = await StoreFixture.open({ clock });
const { dataDir, store } = fixture;
const authority = await Authority.open(dataDir, { names: [], clock, log: silentLogger });
const hub = new Hub({
  store,
  authority,
  serverCertificateFingerprint: () => authority.server.fingerprint,
  clock,
  log: silentLogger,
});
const app = createApp({
  store: {
    clients: store.clients,
    sessions: store.sessions,
    query: async (...query) => {
      await Bun.sleep(QUERY_MS);
      return store.query(...query);
    },
    series: (sets) => store.series(sets),
    labelNames: (sets) => store.labelNames(sets),
    labelValues: (name, sets) => store.labelValues(name, sets),
    lastReceived: (owner) => store.lastReceived(owner),
    stats: () => store.stats(),
  },
  enrolment: new Enrolment({ store, authority, clock, log: silentLogger }),
  adminToken: ADMIN_TOKEN,
  adminTokenFile: "",
  names: () => authority.server.names,
  statusRules: { intervalOf: () => undefined, downAfterMs: 300_000 },
  clock,
  log: silentLogger,
  version: "0.0.0-test",
});
const server = listen({
  host: "127.0.0.1",
  port: 0,
  identity: authority.server,
  hub,
  app,
  idleTimeoutSeconds: IDLE_TIMEOUT_S,
});
afterAll(async () => {
  hub.close();
  await server.stop(true);
  await fixture.remove();
});

/** The head of a POST that announces a body of seven bytes. */
const head = (path: string, type: string) =>
  [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${server.port}`,
    `Authorization: Bearer ${ADMIN_TOKEN}`,
    `Content-Type: ${type}`,
    "Content-Length: 7",
    "",
    "",
  ].join("\r\n");

/** Sends the bytes and nothing more. Resolves to the first line that comes back, and how long the connection lived. */
function send(text: string): Promise<{ line: string; ms: number }> {
  const begun = performance.now();
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ host: "127.0.0.1", port: server.port!, ca: authority.anchor.pem }, () =>
      socket.write(text),
    );
    socket.on("data", (bytes) => {
      answer += bytes.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve({ line: answer.split("\r\n")[0]!, ms: performance.now() - begun }));
  });
}

async function handshake(version: "TLSv1.2" | "TLSv1.3"): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({
    host: "127.0.0.1",
    port: server.port!,
    ca: authority.anchor.pem,
    minVersion: version,
    maxVersion: version,
  });
  socket.on("secureConnect", () => resolve(socket.getProtocol()!));
  socket.on("error", ({ message }) => resolve(message));
  const outcome = await promise;
  socket.destroy();
  return outcome;
}

test.concurrent("TLS before 1.3 is refused", async () => {
  expect(await handshake("TLSv1.3")).toBe("TLSv1.3");
  expect(await handshake("TLSv1.2")).toMatch(/PROTOCOL_VERSION/);
});

test.concurrent("a query may take longer than a connection may be idle, and the connection then ends", async () => {
  const { line, ms } = await send(`${head("/api/v1/query", "application/x-www-form-urlencoded")}query=1`);
  expect(line).toBe("HTTP/1.1 200 OK");
  expect(ms).toBeWithin(QUERY_MS, 4 * QUERY_MS);
}, 60_000);

test.concurrent("a stranger's request whose body does not come is cut", async () => {
  const { line, ms } = await send(head("/api/enroll", "application/json"));
  expect(line).toBe("");
  expect(ms).toBeWithin(IDLE_TIMEOUT_S * 1000, 4 * QUERY_MS);
}, 60_000);

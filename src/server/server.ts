import { hostname } from "node:os";
import { resolve } from "node:path";
import type { ServerConfig } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { VERSION } from "../lib/version.ts";
import { Authority } from "../pki/authority.ts";
import { Store } from "../store/store.ts";
import { adminToken } from "./admin_token.ts";
import { createApp } from "./app.tsx";
import { statusOf } from "./client_status.ts";
import { Enrolment } from "./enrolment.ts";
import { Hub } from "./hub.ts";
import { listen, refuseUnknownHost } from "./listener.ts";
import { writeListening } from "./listening_file.ts";
import { writeOwnSeries } from "./own_series.ts";

const DAY_MS = 86_400_000;

interface RunningServer {
  /** `https://host:port` as bound: with port 0 the one that the system chose. */
  readonly url: string;
  /** A join token for the agent that `dcmon all` starts. */
  createLocalToken(): Promise<string>;
  /** Never resolves; rejects when the server cannot do its work any more and must be started anew. */
  readonly failed: Promise<never>;
  /** Ends connections, commits what waits, closes the database. */
  stop(): Promise<void>;
}

/**
 * The whole server: store, certificate authority, agents' connections, pages and API on one listener.
 * @throws Error that says what to do: address in use, data directory in use or damaged, keys that others can read.
 */
export async function startServer(
  config: ServerConfig,
  log: Logger,
  { tracePhases = false }: { readonly tracePhases?: boolean } = {},
): Promise<RunningServer> {
  const clock = systemClock;
  const store = await Store.open({
    dataDir: config.data_dir,
    retentionMs: config.metrics_days * DAY_MS,
    queryWorkers: config.query_workers,
    queryTimeoutMs: config.query_timeout * 1000,
    tracePhases,
    clock,
    log,
  });
  try {
    const authority = await Authority.open(config.data_dir, { names: config.names, clock, log });
    const enrolment = new Enrolment({ store, authority, clock, log });
    const hub = new Hub({
      store,
      authority,
      serverCertificateFingerprint: () => authority.server.fingerprint,
      clock,
      log,
    });
    const statusRules = {
      intervalOf: (client: string) => hub.intervalOf(client),
      downAfterMs: config.down_after * 1000,
    };
    const tokenFile = resolve(config.data_dir, config.admin_token_file);
    const app = createApp({
      store,
      enrolment,
      adminToken: adminToken(tokenFile),
      adminTokenFile: tokenFile,
      names: () => authority.server.names,
      statusRules,
      clock,
      log,
      version: VERSION,
    });
    const { host, port } = config;
    await refuseUnknownHost(host, port);
    const listener = listen({ host, port, identity: authority.server, hub, app });
    writeListening(config.data_dir, { host, port: listener.port ?? port }, log);
    const endOwnSeries = writeOwnSeries({
      store,
      clients: () => store.clients.all(),
      isUp: (client) =>
        statusOf(client.id, store.lastReceived(client.owner), clock.now(), statusRules) === "online",
      hubStats: () => hub.stats(),
      instance: hostname(),
      clock,
      log,
    });
    log.info("listening", { url: listener.url.origin, data_dir: config.data_dir, version: VERSION });
    return {
      url: listener.url.origin,
      failed: store.failed,
      createLocalToken: async () => (await enrolment.createToken()).token,
      async stop() {
        endOwnSeries();
        hub.close();
        await listener.stop(true);
        await store.close();
        log.info("stopped");
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

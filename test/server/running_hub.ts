import type { Server } from "bun";
import { type Identity, loadOrEnrol } from "../../src/agent/identity.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { Authority } from "../../src/pki/authority.ts";
import type { AgentConnection } from "../../src/server/agent_connection.ts";
import type { ClientLimitOptions } from "../../src/server/client_limits.ts";
import { Enrolment } from "../../src/server/enrolment.ts";
import { Hub } from "../../src/server/hub.ts";
import { Store } from "../../src/store/store.ts";
import { recordingLog } from "../support/recording_logger.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Real time, moved forward by the test: certificates are checked by TLS against the real clock. */
export class ShiftedClock implements Clock {
  shift = 0;
  /** The wall clock alone, which may also go back. */
  wallShift = 0;
  now = () => Date.now() + this.shift + this.wallShift;
  monotonic = () => performance.now() + this.shift;
}

/** A real store, authority, hub and listener on a free port, in a folder of their own. */
export class RunningHub {
  readonly clock: ShiftedClock;
  readonly log = recordingLog();
  readonly #folder = temporaryFolder();
  store!: Store;
  authority!: Authority;
  enrolment!: Enrolment;
  hub!: Hub;
  server!: Server<AgentConnection>;
  /** Paths that were asked for. */
  readonly requests: string[] = [];

  private constructor(clock: ShiftedClock) {
    this.clock = clock;
  }

  static async start(
    options: { clock?: ShiftedClock; clientLimits?: ClientLimitOptions } = {},
  ): Promise<RunningHub> {
    const running = new RunningHub(options.clock ?? new ShiftedClock());
    await running.#start(options.clientLimits);
    return running;
  }

  async #start(clientLimits: ClientLimitOptions = {}): Promise<void> {
    const { clock, log } = this;
    this.store = await Store.open({
      dataDir: this.#folder.path,
      retentionMs: 86_400_000,
      queryWorkers: 1,
      queryTimeoutMs: 10_000,
      clock,
      log: silentLogger,
    });
    this.authority = await Authority.open(this.#folder.path, { names: [], clock, log: silentLogger });
    const { authority, store } = this;
    this.enrolment = new Enrolment({ store, authority, clock, log });
    this.hub = new Hub({
      store,
      authority,
      serverCertificateFingerprint: () => authority.server.fingerprint,
      clientLimits,
      clock,
      log,
    });
    this.server = Bun.serve<AgentConnection>({
      hostname: "0.0.0.0",
      port: 0,
      tls: { cert: authority.server.certificate, key: authority.server.key },
      fetch: (request, server) => this.#route(request, server),
      websocket: this.hub.websocket,
    });
  }

  #route(request: Request, server: Server<AgentConnection>) {
    const { pathname } = new URL(request.url);
    this.requests.push(pathname);
    const address = server.requestIP(request)?.address ?? "";
    if (pathname === "/api/ca") return this.enrolment.ca();
    if (pathname === "/api/enroll") return this.enrolment.enroll(request, address);
    return this.hub.upgrade(request, server);
  }

  /** The same hub without TLS, for tests of what comes after it. */
  listenPlain(): { origin: string; stop(): Promise<void> } {
    const { hub } = this;
    const server = Bun.serve<AgentConnection>({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, server) => hub.upgrade(request, server),
      websocket: hub.websocket,
    });
    return { origin: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
  }

  get dataDir(): string {
    return this.#folder.path;
  }

  get origin(): string {
    return `https://127.0.0.1:${this.server.port}`;
  }

  async token(options?: { expiresInMs?: number; uses?: number }): Promise<string> {
    return (await this.enrolment.createToken(options)).token;
  }

  /** A node that has joined, as its own agent would. */
  async join(name: string): Promise<Identity> {
    using folder = temporaryFolder();
    const options = {
      server: this.origin,
      token: await this.token(),
      name,
      machineId: "",
      dataDir: folder.path,
    };
    return await loadOrEnrol({ ...options, clock: this.clock }, silentLogger);
  }

  /** What was logged so far, a line each. */
  get logged(): string {
    return this.log.lines.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join("\n");
  }

  async stop(): Promise<void> {
    this.hub.close();
    await this.server.stop(true);
    await this.store.close();
    this.#folder[Symbol.dispose]();
  }
}

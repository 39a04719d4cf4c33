import type { Hono } from "hono";
import { silentLogger } from "../../src/lib/log.ts";
import { labelsOf } from "../../src/metrics/labels.ts";
import { Authority } from "../../src/pki/authority.ts";
import { createApp } from "../../src/server/app.tsx";
import { Enrolment } from "../../src/server/enrolment.ts";
import type { AppEnv } from "../../src/server/services.ts";
import type { Client } from "../../src/store/types.ts";
import { type Sender, StoreFixture } from "../store/fixture.ts";
import { recordingLog } from "../support/recording_logger.ts";

export const ORIGIN = "https://localhost:8000";
export const ADMIN_TOKEN = "a-token-of-the-test";
export const DOWN_AFTER_MS = 300_000;

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** The peer's address. */
  address?: string;
}

/** The real app over a real store and a real authority, without a listener. */
export class AppFixture {
  #senders = new Map<string, Sender>();

  private constructor(
    readonly store: StoreFixture,
    readonly app: Hono<AppEnv>,
    /** What the app has logged. */
    readonly logged: ReturnType<typeof recordingLog>["lines"],
  ) {}

  static async open(): Promise<AppFixture> {
    const fixture = await StoreFixture.open({ retentionMs: 30 * 86_400_000 });
    const { clock, dataDir, store } = fixture;
    const authority = await Authority.open(dataDir, { names: ["dcmon.example"], clock, log: silentLogger });
    const log = recordingLog();
    const app = createApp({
      store,
      enrolment: new Enrolment({ store, authority, clock, log: silentLogger }),
      adminToken: ADMIN_TOKEN,
      adminTokenFile: "/var/lib/dcmon/admin_token",
      names: () => authority.server.names,
      statusRules: { intervalOf: () => 5000, downAfterMs: DOWN_AFTER_MS },
      clock,
      log,
      version: "0.0.0-test",
    });
    return new AppFixture(fixture, app, log.lines);
  }

  async close(): Promise<void> {
    await this.store.remove();
  }

  /** Asks as nobody in particular. */
  async ask(path: string, { method = "GET", headers, body, address }: Ask = {}): Promise<Response> {
    const request = new Request(ORIGIN + path, {
      method,
      redirect: "manual",
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    });
    return this.app.fetch(request, address === undefined ? {} : { address });
  }

  /** Asks with the admin's token. */
  asAdmin(path: string, ask: Ask = {}): Promise<Response> {
    return this.ask(path, { ...ask, headers: { ...ask.headers, authorization: `Bearer ${ADMIN_TOKEN}` } });
  }

  async adminJson(path: string, ask: Ask = {}): Promise<Json> {
    return (await (await this.asAdmin(path, ask)).json()) as Json;
  }

  /** Logs in as a browser does. Resolves to the headers of the session, and its CSRF token. */
  async login(address = "192.0.2.1"): Promise<{ headers: Record<string, string>; csrf: string }> {
    const response = await this.ask("/login", {
      ...form({ token: ADMIN_TOKEN }),
      headers: { ...FORM, origin: ORIGIN },
      address,
    });
    const cookie = cookieOf(response);
    const page = await (await this.ask("/dashboard", { headers: { cookie } })).text();
    return { headers: { cookie, origin: ORIGIN }, csrf: /name="csrf" value="([^"]+)"/.exec(page)![1]! };
  }

  async enrol(name: string, instance = name): Promise<Client> {
    const { clock, store } = this.store;
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString("hex");
    await store.createToken({ id, secretHash: id, expiresAt: clock.now() + 1000, uses: 1 });
    const result = await store.enrol({
      tokenId: id,
      secretHash: id,
      now: clock.now(),
      csrHash: id,
      client: { id, name, instance, machineId: "" },
      certificate: { fingerprint: id, pem: "", notAfter: clock.now() + 1000 },
    });
    if (result.outcome === "refused") throw new Error(result.reason);
    return result.client;
  }

  /** Sends samples of one client; the layout is made of the names and labels. See {@link settled}. */
  send(client: Client, timestamp: number, samples: readonly TestSample[]): void {
    const layout = {
      exporter: "os",
      interval: 5000,
      series: samples.map(([name, labels]) =>
        labelsOf([
          ["__name__", name],
          ["job", "node"],
          ["instance", client.instance],
          ...Object.entries(labels),
        ]),
      ),
    };
    const sender = this.#senders.get(client.id) ?? this.store.sender(client.owner, layout);
    this.#senders.set(client.id, sender);
    sender.use(layout);
    sender.send(
      timestamp,
      samples.map(([, , value]) => value),
    );
  }

  /** Resolves when everything sent is durable. */
  async settled(): Promise<void> {
    for (const sender of this.#senders.values()) await sender.settled();
  }
}

export type TestSample = readonly [name: string, labels: Record<string, string>, value: number];

/** What tests read from answers; a wrong path gives undefined, which no expectation meets. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
export type Json = any;

export const FORM = { "content-type": "application/x-www-form-urlencoded" };

export function form(fields: Record<string, string>): Required<Pick<Ask, "method" | "headers" | "body">> {
  return { method: "POST", headers: FORM, body: new URLSearchParams(fields).toString() };
}

export function cookieOf(response: Response): string {
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

/** What a busy node reports, as far as pages show it. */
export function nodeSamples(uptimeSeconds: number, now: number, busy = 0.25): TestSample[] {
  const seconds = uptimeSeconds;
  return [
    ["node_cpu_seconds_total", { cpu: "0", mode: "idle" }, seconds * (1 - busy)],
    ["node_cpu_seconds_total", { cpu: "0", mode: "user" }, seconds * busy],
    ["node_load1", {}, 0.5],
    ["node_load5", {}, 0.25],
    ["node_load15", {}, 0.125],
    ["node_memory_MemTotal_bytes", {}, 8 * 2 ** 30],
    ["node_memory_MemAvailable_bytes", {}, 6 * 2 ** 30],
    ["node_filesystem_size_bytes", { device: "/dev/vda1", mountpoint: "/", fstype: "ext4" }, 1000],
    ["node_filesystem_avail_bytes", { device: "/dev/vda1", mountpoint: "/", fstype: "ext4" }, 50],
    ["node_network_receive_bytes_total", { device: "eth0" }, seconds * 2048],
    ["node_network_transmit_bytes_total", { device: "eth0" }, seconds * 1024],
    ["node_network_receive_bytes_total", { device: "lo" }, seconds * 1_000_000],
    ["node_boot_time_seconds", {}, Math.floor(now / 1000) - 7200],
    ["node_uname_info", { release: "6.1.0-test", machine: "x86_64" }, 1],
    ["node_os_info", { pretty_name: "Debian GNU/Linux 12 (bookworm)" }, 1],
  ];
}

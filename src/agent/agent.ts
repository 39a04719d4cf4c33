import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AgentConfig } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { reasonOf } from "../lib/system_error.ts";
import { VERSION } from "../lib/version.ts";
import { EnrolmentError } from "./enrolment.ts";
import { enabledExporters } from "./exporters/index.ts";
import { phaseOf } from "./grid.ts";
import { Host } from "./host.ts";
import { type GivenFlag, type Identity, loadOrEnrol } from "./identity.ts";
import { Layouts } from "./layouts.ts";
import { Scheduler } from "./scheduler.ts";
import { selfExporter } from "./self_exporter.ts";
import { Spool } from "./spool.ts";
import { systemTimers } from "./timers.ts";
import { Backoff } from "./uplink/backoff.ts";
import { pause } from "./uplink/pause.ts";
import { Uplink } from "./uplink.ts";

interface AgentStart extends AgentConfig {
  /** Flags of this very start, to be told when they have no effect. */
  readonly given?: readonly GivenFlag[];
}

/**
 * Collects on this node and brings what it collects to the server, until `signal` fires. Without a server it goes on
 * collecting into the spool; only before the node has joined there is nothing to collect for.
 * @throws Error when the node cannot join, its identity is damaged, or another agent uses the data directory.
 */
export async function runAgent(
  config: AgentStart,
  log: Logger,
  signal: AbortSignal,
  joinBackoff = new Backoff(),
): Promise<void> {
  const host = new Host({ clock: systemClock });
  makeDataDir(config.data_dir);
  // First, for it also keeps a second agent off the data directory.
  const spool = Spool.open({
    path: join(config.data_dir, "spool.db"),
    maxBytes: config.spool_max_bytes,
    clock: systemClock,
    log,
  });
  try {
    const identity = await joined(config, host, log, signal, joinBackoff);
    if (identity !== undefined) await collectAndSend(config, identity, spool, host, log, signal);
  } finally {
    spool.close();
  }
}

async function collectAndSend(
  config: AgentConfig,
  identity: Identity,
  spool: Spool,
  host: Host,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { client, instance, server } = identity;
  const layouts = new Layouts({ instance, labels: config.labels, log });
  const bootId = host.readValue(host.proc("sys/kernel/random/boot_id")) ?? "unknown";
  const uplink = new Uplink({ server, identity, bootId, spool, clock: systemClock, log });
  const scheduler = new Scheduler({
    exporters: [
      ...enabledExporters(config.exporters, { log, complete: false }),
      selfExporter({ spool, uplink, layouts }),
    ],
    host,
    phaseOf: (intervalMs) => phaseOf(client, intervalMs),
    log,
    onCollection: (collection) => spool.append(layouts.readings(collection)),
  });
  log.info("the agent collects", { version: VERSION, instance, server });
  scheduler.start();
  await uplink.run(signal);
  scheduler.stop();
  log.info("the agent has stopped", { frames_to_send: spool.stats().frames });
}

function makeDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(
      `Cannot use the data directory "${path}": ${reasonOf(cause, "it cannot be made there")}. Give the user that runs dcmon write access, or choose another one with --data-dir.`,
      { cause },
    );
  }
}

/** The identity; asks until the server answers. @returns undefined when `signal` fired before. */
async function joined(
  config: AgentStart,
  host: Host,
  log: Logger,
  signal: AbortSignal,
  backoff: Backoff,
): Promise<Identity | undefined> {
  const options = {
    server: config.server,
    token: config.token,
    name: config.name,
    given: config.given ?? [],
    machineId: host.readValue(host.etc("machine-id")) ?? "",
    dataDir: config.data_dir,
    clock: systemClock,
  };
  let told = "";
  while (!signal.aborted) {
    try {
      return await loadOrEnrol(options, log);
    } catch (error) {
      if (!(error instanceof EnrolmentError && error.transient)) throw error;
      const delay = backoff.next();
      if (error.message !== told) log.warn(error.message, { next_attempt_ms: Math.round(delay) });
      told = error.message;
      await pause(delay, signal, systemTimers);
    }
  }
  return undefined;
}

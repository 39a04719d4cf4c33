import { hasIdentity } from "../agent/identity.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../lib/log.ts";
import { localAddress } from "./address.ts";
import { LEAN_ENVIRONMENT } from "./lean.ts";
import { thisProgram } from "./this_program.ts";

/** Between the exits of a child that dies at once, in milliseconds: doubled from the first to the last. */
const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 30_000;
/** A child that lived this long starts again with the first delay. */
const HEALTHY_MS = 60_000;
/** After SIGTERM, until SIGKILL. */
const STOP_MS = 5_000;

interface ChildOptions {
  readonly config: Config;
  readonly configFile: string | undefined;
  /** Where the server listens. */
  readonly port: number;
  createToken(): Promise<string>;
  readonly log: Logger;
}

/** Keeps `dcmon agent` running as a child process until `stop`. */
export function superviseAgent(options: ChildOptions): { stop(): Promise<void> } {
  const log = options.log.with({ child: "agent" });
  const stopping = Promise.withResolvers<void>();
  let stopped = false;
  let child: Bun.Subprocess<"pipe", "inherit", "inherit"> | undefined;

  const keepRunning = async (): Promise<void> => {
    let delay = FIRST_DELAY_MS;
    while (!stopped) {
      const started = performance.now();
      try {
        child = await spawnAgent(options);
        if (stopped) child.kill("SIGTERM");
        await child.exited;
        if (stopped) return;
        if (performance.now() - started > HEALTHY_MS) delay = FIRST_DELAY_MS;
        log.warn("The agent ended; starting it again.", {
          exit_code: child.exitCode ?? undefined,
          signal: child.signalCode ?? undefined,
          delay_ms: delay,
        });
      } catch (error) {
        log.error(`Cannot start the agent: ${(error as Error).message}`, { delay_ms: delay });
      }
      await Promise.race([Bun.sleep(delay), stopping.promise]);
      delay = Math.min(2 * delay, LAST_DELAY_MS);
    }
  };
  const reopenLog = () => child?.kill("SIGHUP");
  if (options.config.server.log_file !== "") process.on("SIGHUP", reopenLog);
  const running = keepRunning();

  return {
    async stop() {
      stopped = true;
      stopping.resolve();
      child?.kill("SIGTERM");
      const patience = setTimeout(() => child?.kill("SIGKILL"), STOP_MS);
      await running;
      clearTimeout(patience);
      process.off("SIGHUP", reopenLog);
    },
  };
}

async function spawnAgent(options: ChildOptions): Promise<Bun.Subprocess<"pipe", "inherit", "inherit">> {
  const { agent } = options.config;
  const token = hasIdentity(agent.data_dir) ? "" : await options.createToken();
  const file = options.configFile === undefined ? [] : ["--config", options.configFile];
  return Bun.spawn([...thisProgram(), "agent", "--with-parent", ...file], {
    env: { ...inheritedEnvironment(), ...LEAN_ENVIRONMENT, ...agentEnvironment(options, token) },
    stdin: "pipe",
    stdout: "inherit",
    stderr: "inherit",
  });
}

/** The child logs as its parent does; the rest of its section it reads by itself. */
function agentEnvironment(options: ChildOptions, token: string): Record<string, string> {
  const { agent, server } = options.config;
  return {
    DCMON_AGENT_SERVER: localAddress(server.host, options.port),
    DCMON_AGENT_TOKEN: token,
    DCMON_AGENT_DATA_DIR: agent.data_dir,
    DCMON_AGENT_LOG_LEVEL: server.log_level,
    DCMON_AGENT_LOG_FORMAT: server.log_format,
    DCMON_AGENT_LOG_FILE: server.log_file,
  };
}

const INHERITED = /^(?:PATH|HOME|LANG|LC_ALL|TZ|TMPDIR|XDG_STATE_HOME|DCMON_AGENT_.*)$/;

function inheritedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? ""]));
}

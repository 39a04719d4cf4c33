import { homedir, hostname } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { readEnvironment } from "./config/environment.ts";
import { readConfigFile } from "./config/file.ts";
import { type Flag, readFlags } from "./config/flags.ts";
import { keysOf } from "./config/keys.ts";
import * as kind from "./config/kinds.ts";
import { ConfigError, type ConfigSource, problemsOf, treeOf } from "./config/source.ts";
import { fitTimeouts } from "./config/timeouts.ts";
import { LOG_FORMATS, LOG_LEVELS } from "./lib/log.ts";

const LOGGING = {
  log_level: kind.choice(LOG_LEVELS).default("info").describe("The least severe lines that are logged."),
  log_format: kind
    .choice(LOG_FORMATS)
    .default("text")
    .describe("One line per event: text for people, json for machines."),
  log_file: kind
    .optionalPath()
    .default("")
    .describe("File to append log lines to; opened anew on SIGHUP. Empty: stderr."),
};

const SERVER = z.strictObject({
  host: kind.listenAddress().default("0.0.0.0").describe("Address to listen on."),
  port: kind
    .whole(0, 65_535)
    .default(8000)
    .describe("TCP port to listen on, for browsers, API callers and agents alike. 0: any free one."),
  names: kind
    .list(kind.certificateName(), "a list of DNS names and IP addresses")
    .default([])
    .describe(
      "Further DNS names and IP addresses that the server's certificate is valid for, beside localhost, " +
        "the host name and the addresses of the interfaces.",
    ),
  data_dir: kind
    .optionalPath()
    .default("")
    .describe(
      "Folder of the database, the certificate authority and the admin token. Empty: /var/lib/dcmon for root, " +
        "otherwise $XDG_STATE_HOME/dcmon or ~/.local/state/dcmon.",
    ),
  ...LOGGING,
  metrics_days: kind
    .above(0, 36_500)
    .default(30)
    .describe("Days that samples are kept. Fractions are allowed."),
  admin_token_file: kind
    .path()
    .default("admin_token")
    .describe(
      "File with the first admin's token, made at first start, mode 0600. Relative to server.data_dir.",
    ),
  query_workers: kind
    .whole(1, 64)
    .default(1)
    .describe("Threads that answer queries. One more lets one more slow query run beside the others."),
  query_timeout: kind.seconds(0.1, 3600).default(30).describe("Seconds after which a query is given up."),
  down_after: kind
    .seconds(1, 86_400)
    .default(300)
    .describe("Seconds without data after which a client counts as down."),
});

const AGENT = z.strictObject({
  server: kind
    .serverUrl()
    .default("")
    .describe("The server to send to, as https://host:port. Needed once; remembered after enrolment."),
  token: kind
    .joinToken()
    .default("")
    .describe('Join token from "dcmon token create". Needed once, for enrolment.'),
  name: kind
    .clientName()
    .default("")
    .describe("Name to enrol under; it becomes the label instance of every series. Empty: the host name."),
  labels: kind
    .labels()
    .default({})
    .describe("Further labels for every series of this node, such as group, rack or machine_type."),
  data_dir: kind
    .optionalPath()
    .default("")
    .describe(
      "Folder of the agent's key, certificate and spool. Empty: the folder agent in server.data_dir.",
    ),
  ...LOGGING,
  spool_max_bytes: kind
    .whole(1 << 20, 2 ** 40)
    .default(268_435_456)
    .describe("Disk space for frames that the server has not acknowledged. When full, the oldest go first."),
  exporters: z
    .strictObject({
      os: z
        .strictObject({
          enabled: kind.flag().default(true).describe("Whether this exporter runs."),
          interval: kind.seconds(0.1, 86_400).default(5).describe("Seconds between two readings."),
          timeout: kind
            .seconds(0.1, 3600)
            .default(4)
            .describe(
              "Seconds after which a reading is given up, at most the interval. The default is shorter with a shorter interval.",
            ),
        })
        .prefault({})
        .describe("CPU, memory, disks, file systems, network and sensors, from /proc and /sys."),
    })
    .prefault({})
    .describe("What is read on this node."),
});

/** Every option with its default, its constraint and its description. All else about options derives from this. */
export const CONFIG = z.strictObject({
  server: SERVER.prefault({}).describe("Used by dcmon server and dcmon all."),
  agent: AGENT.prefault({}).describe("Used by dcmon agent and dcmon all."),
});

/** What {@link loadConfig} returns: folders are absolute, the agent's name is set. */
export type Config = z.output<typeof CONFIG>;
export type ServerConfig = Config["server"];
export type AgentConfig = Config["agent"];

export interface ConfigInputs {
  /** Path of a YAML file. Undefined: none is read. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: readonly Flag[];
}

/**
 * Flags over environment over file over defaults. Each source is checked by itself, so that a mistake is told
 * even where another source would hide it.
 * @throws ConfigError with every problem of every source.
 */
export function loadConfig(inputs: ConfigInputs): Config {
  const keys = keysOf(CONFIG);
  const sources: ConfigSource[] = [
    readFlags(inputs.flags),
    readEnvironment(inputs.env, keys),
    ...(inputs.file === undefined ? [] : [readConfigFile(inputs.file, keys)]),
  ];
  const problems = sources.flatMap((source) => problemsOf(source, CONFIG, keys));
  if (problems.length > 0) throw new ConfigError(problems);
  const config = CONFIG.parse(treeOf(sources, keys));
  return withPlaces({ ...config, agent: fitTimeouts(config.agent, sources) }, inputs.env);
}

function withPlaces(config: Config, env: ConfigInputs["env"]): Config {
  const serverDir = resolve(config.server.data_dir || defaultDataDir(env));
  const agentDir = resolve(config.agent.data_dir || join(serverDir, "agent"));
  return {
    server: { ...config.server, data_dir: serverDir },
    agent: { ...config.agent, data_dir: agentDir, name: config.agent.name || hostname() },
  };
}

function defaultDataDir(env: ConfigInputs["env"]): string {
  if (process.getuid?.() === 0) return "/var/lib/dcmon";
  const state = env.XDG_STATE_HOME ?? "";
  return join(isAbsolute(state) ? state : join(env.HOME || homedir(), ".local/state"), "dcmon");
}

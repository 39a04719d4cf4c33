import type { Command } from "commander";
import type { Flag } from "../config/flags.ts";
import { ConfigError } from "../config/source.ts";
import { type Config, loadConfig } from "../config.ts";

/** As commander hands them over: undefined when not given. */
interface PlaceFlags {
  readonly config?: string;
  readonly dataDir?: string;
}

interface CommonFlags extends PlaceFlags {
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly logFile?: string;
}

export interface ServerFlags extends CommonFlags {
  readonly listen?: string;
  readonly tracePhases?: true;
}

export interface TokenFlags extends PlaceFlags {
  readonly listen?: string;
  readonly url?: string;
}

export interface AgentFlags extends CommonFlags {
  readonly server?: string;
  readonly token?: string;
  readonly name?: string;
  readonly once?: true;
  readonly withParent?: true;
}

export function withServerFlags(command: Command): Command {
  return withLogFlags(
    withPlaceFlags(
      command.option("--listen <host:port>", "address to listen on (default: 0.0.0.0:8000)"),
      "folder of the database, the keys and the admin token; the agent's is the folder agent in it",
    ),
  );
}

/** It asks the server on this machine, and logs nothing itself. */
export function withTokenFlags(command: Command): Command {
  return withPlaceFlags(
    command
      .option("--listen <host:port>", "where the server listens (default: as it noted in its data directory)")
      .option("--url <url>", "the server's address as the node sees it (default: this host's name)"),
    "the data directory of the server",
  );
}

export function withAgentFlags(command: Command): Command {
  return withLogFlags(
    withPlaceFlags(
      command
        .option("--server <url>", "the server to send to, such as https://host:8000")
        .option("--token <token>", 'join token from "dcmon token create"')
        .option("--name <name>", "name to enrol under (default: the host name)")
        .option("--once", "read once, print it in exposition format, and end"),
      "folder of the agent's key, certificate and spool; not the server's",
    ),
  );
}

function withPlaceFlags(command: Command, dataDir: string): Command {
  return command
    .option("--config <file>", "YAML configuration file (see: dcmon config example)")
    .option("--data-dir <dir>", dataDir);
}

function withLogFlags(command: Command): Command {
  return command
    .option("--log-level <level>", "debug, info, warn or error")
    .option("--log-format <format>", "text or json")
    .option("--log-file <file>", "append log lines here instead of to stderr");
}

/** @throws ConfigError */
export function serverConfig(flags: ServerFlags | TokenFlags): Config {
  return load(flags, [...listenFlags(flags.listen), ...commonFlags("server", flags)]);
}

/** @throws ConfigError */
export function agentConfig(flags: AgentFlags): Config {
  return load(flags, [
    ...option("--server", ["agent", "server"], flags.server),
    ...option("--token", ["agent", "token"], flags.token),
    ...option("--name", ["agent", "name"], flags.name),
    ...commonFlags("agent", flags),
  ]);
}

function load(flags: PlaceFlags, given: readonly Flag[]): Config {
  if (flags.config === "") throw new ConfigError([emptyFlag("--config")]);
  return loadConfig({ file: flags.config, env: process.env, flags: given });
}

function commonFlags(section: "server" | "agent", flags: CommonFlags): Flag[] {
  return [
    ...option("--data-dir", [section, "data_dir"], flags.dataDir),
    ...option("--log-level", [section, "log_level"], flags.logLevel),
    ...option("--log-format", [section, "log_format"], flags.logFormat),
    ...option("--log-file", [section, "log_file"], flags.logFile),
  ];
}

function option(flag: string, path: readonly string[], value: unknown): Flag[] {
  if (value === "") throw new ConfigError([emptyFlag(flag)]);
  return value === undefined ? [] : [{ flag, path, value }];
}

/** An unset variable of a script looks like this; the default would be a surprise. */
function emptyFlag(flag: string): string {
  return `${flag}: expected a value, got empty text; leave the flag out for the default`;
}

function listenFlags(listen: string | undefined): Flag[] {
  if (listen === undefined) return [];
  const parts = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(listen)?.groups;
  if (parts === undefined) {
    throw new ConfigError([
      `--listen: expected HOST:PORT, such as 0.0.0.0:8000 or [::]:8000, got ${JSON.stringify(listen)}`,
    ]);
  }
  return [
    ...option("--listen", ["server", "host"], parts.ipv6 ?? parts.host),
    ...option("--listen", ["server", "port"], Number(parts.port)),
  ];
}

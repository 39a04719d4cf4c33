import { Command, CommanderError, Option } from "commander";
import { withAgentFlags, withServerFlags, withTokenFlags } from "./cli/options.ts";
import { ConfigError } from "./config/source.ts";
import { escapeControl } from "./lib/log.ts";
import { VERSION } from "./lib/version.ts";

const OK = 0;
const FAILED = 1;
const USAGE = 2;

/** What dcmon writes is for its own user: keys, database, spool, lock, log. */
const OWNER_ONLY = 0o077;

/** They change what Bun runs or whom it trusts. Nothing that dcmon starts shall inherit them. */
const UNWANTED = ["BUN_OPTIONS", "BUN_BE_BUN", "NODE_TLS_REJECT_UNAUTHORIZED"];

/** Each command's code is loaded when it is called: an agent holds neither web server nor query engine. */
function program(): Command {
  const dcmon = new Command("dcmon")
    .description(
      "Monitors datacenter nodes: agents on the nodes, one server that stores, queries and charts.\n\n" +
        'To begin, run "dcmon all": it monitors this machine and prints where to look.\n' +
        'To add a node, run "dcmon token create" beside the server and paste what it prints on the node.',
    )
    .version(`dcmon ${VERSION}`, "-V, --version")
    .helpCommand("help [command]", "explain a command")
    .exitOverride();

  withServerFlags(dcmon.command("all"))
    .summary("server and agent in one: monitor this machine")
    .description("Runs the server and, as its child, an agent that monitors this machine.")
    .action(async (flags) => (await import("./cli/all.ts")).all(flags));
  withServerFlags(dcmon.command("server"))
    .summary("store, query and show what agents send")
    .description("Runs the server: storage, queries, dashboard, and the address that agents connect to.")
    .addOption(new Option("--trace-phases", "write what the store's writer does to stderr").hideHelp())
    .action(async (flags) => (await import("./cli/server.ts")).server(flags));
  withAgentFlags(dcmon.command("agent"))
    .summary("monitor this node and send to a server")
    .description(
      "Reads this node's metrics and sends them to a server. The first start enrols the node and needs --server " +
        "and --token; later starts need neither.",
    )
    .addOption(new Option("--with-parent", "stop when standard input ends").hideHelp())
    .action(async (flags) => (await import("./cli/agent.ts")).agent(flags));

  const token = dcmon.command("token").description("Join tokens for new nodes.");
  withTokenFlags(token.command("create"))
    .summary("print the one command that enrols a node")
    .description("Asks the server on this machine for a join token: one node, one hour.")
    .action(async (flags) => (await import("./cli/token.ts")).createToken(flags));

  const config = dcmon.command("config").description("The configuration file.");
  config
    .command("example")
    .description("Print a configuration file with every option, its default and its meaning.")
    .action(async () => (await import("./cli/config.ts")).example());
  dcmon
    .command("version")
    .description("Print the versions of dcmon and of what it is built on.")
    .action(async () => (await import("./cli/version.ts")).version());
  pointToHelp(dcmon, "dcmon");
  return dcmon;
}

/** A mistake in a command's flags is explained by that command's help. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`Try "${path} --help".`);
  for (const sub of command.commands) pointToHelp(sub, `${path} ${sub.name()}`);
}

async function main(): Promise<number> {
  process.umask(OWNER_ONLY);
  for (const name of UNWANTED) delete process.env[name];
  try {
    await program().parseAsync();
    return OK;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE;
    const lines = error instanceof ConfigError ? error.problems : [messageOf(error)];
    for (const line of lines) process.stderr.write(`dcmon: ${escapeControl(line)}\n`);
    return error instanceof ConfigError ? USAGE : FAILED;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main().then((code) => process.exit(code));

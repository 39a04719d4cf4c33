import { existsSync } from "node:fs";
import { join } from "node:path";
import { runAgent } from "../agent/agent.ts";
import { type GivenFlag, missingToEnrol } from "../agent/identity.ts";
import { collectOnce } from "../agent/once.ts";
import { ConfigError } from "../config/source.ts";
import type { AgentConfig } from "../config.ts";
import { becomeLean } from "./lean.ts";
import { openLog } from "./logging.ts";
import { type AgentFlags, agentConfig } from "./options.ts";
import { print } from "./output.ts";
import { stopSignal } from "./stopping.ts";

/** The server's database, named again because an agent loads nothing of the store. Sharing a folder would mix files. */
const DATABASE = "dcmon.db";

/** `dcmon agent`: until SIGTERM or SIGINT; with `--once`, one reading. */
export async function agent(flags: AgentFlags): Promise<void> {
  const config = agentConfig(flags).agent;
  if (!flags.once) {
    refuseIncomplete(config);
    becomeLean();
  }
  const stop = stopSignal();
  await using output = openLog(config);
  if (flags.once) {
    await print(await collectOnce(config, output.log));
    return;
  }
  const end = flags.withParent ? AbortSignal.any([stop, endOfInput()]) : stop;
  await runAgent({ ...config, given: givenOf(flags) }, output.log, end);
}

/** @throws ConfigError when this start cannot lead anywhere. */
function refuseIncomplete(config: AgentConfig): void {
  const { data_dir, server, token } = config;
  if (existsSync(join(data_dir, DATABASE)))
    throw new ConfigError([
      `--data-dir: expected a folder of the agent's own, got the server's data directory "${data_dir}"; "${join(data_dir, "agent")}" is the default beside it`,
    ]);
  const missing = missingToEnrol({ server, token, dataDir: data_dir });
  if (missing !== undefined) throw new ConfigError([MISSING[missing]]);
}

const MISSING = {
  server: "No server given: pass --server https://HOST:8000 and --token as printed by `dcmon token create`.",
  token: "No token given: pass --token as printed by `dcmon token create` on the server.",
} as const;

function givenOf(flags: AgentFlags): GivenFlag[] {
  return (["name", "token"] as const).filter((flag) => flags[flag] !== undefined);
}

/** The parent holds the other end of standard input. However it dies, the kernel closes that end. */
function endOfInput(): AbortSignal {
  const controller = new AbortController();
  process.stdin.on("end", () => controller.abort());
  process.stdin.on("error", () => controller.abort());
  process.stdin.resume();
  return controller.signal;
}

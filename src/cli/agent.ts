import { runAgent } from "../agent/agent.ts";
import { collectOnce } from "../agent/once.ts";
import { becomeLean } from "./lean.ts";
import { openLog } from "./logging.ts";
import { type AgentFlags, agentConfig } from "./options.ts";
import { print } from "./output.ts";
import { stopSignal } from "./stopping.ts";

/** `dcmon agent`: until SIGTERM or SIGINT; with `--once`, one reading. */
export async function agent(flags: AgentFlags): Promise<void> {
  const config = agentConfig(flags).agent;
  if (!flags.once) becomeLean();
  const stop = stopSignal();
  await using output = openLog(config);
  if (flags.once) {
    await print(await collectOnce(config, output.log));
    return;
  }
  const end = flags.withParent ? AbortSignal.any([stop, endOfInput()]) : stop;
  await runAgent(config, output.log, end);
}

/** The parent holds the other end of standard input. However it dies, the kernel closes that end. */
function endOfInput(): AbortSignal {
  const controller = new AbortController();
  process.stdin.on("end", () => controller.abort());
  process.stdin.on("error", () => controller.abort());
  process.stdin.resume();
  return controller.signal;
}

import { startServer } from "../server/server.ts";
import { portOf } from "./address.ts";
import { superviseAgent } from "./child.ts";
import { openLog } from "./logging.ts";
import { type ServerFlags, serverConfig } from "./options.ts";
import { printStartLine } from "./server.ts";
import { aborted, stopSignal } from "./stopping.ts";

/** `dcmon all`: the server, and an agent of this machine as its child, over the same wire as any other agent. Ends as `dcmon server` does. */
export async function all(flags: ServerFlags): Promise<void> {
  const config = serverConfig(flags);
  const stop = stopSignal();
  await using output = openLog(config.server);
  const running = await startServer(config.server, output.log);
  printStartLine(running.url, config.server);
  const agent = superviseAgent({
    config,
    configFile: flags.config,
    port: portOf(running.url),
    createToken: running.createLocalToken,
    log: output.log,
  });
  try {
    await Promise.race([aborted(stop), running.failed]);
  } finally {
    await agent.stop();
    await running.stop();
  }
}

import { resolve } from "node:path";
import type { ServerConfig } from "../config.ts";
import { startServer } from "../server/server.ts";
import { browserAddress, portOf } from "./address.ts";
import { openLog } from "./logging.ts";
import { type ServerFlags, serverConfig } from "./options.ts";
import { aborted, stopSignal } from "./stopping.ts";

/** `dcmon server`: until SIGTERM or SIGINT. @throws Error when the server cannot go on. */
export async function server(flags: ServerFlags): Promise<void> {
  const config = serverConfig(flags).server;
  const stop = stopSignal();
  await using output = openLog(config);
  const running = await startServer(config, output.log, { tracePhases: flags.tracePhases ?? false });
  printStartLine(running.url, config);
  try {
    await Promise.race([aborted(stop), running.failed]);
  } finally {
    await running.stop();
  }
}

/** For people, whatever the log's level and place. */
export function printStartLine(url: string, config: ServerConfig): void {
  const token = resolve(config.data_dir, config.admin_token_file);
  process.stdout.write(`dcmon is at ${browserAddress(config.host, portOf(url))}  (admin token: ${token})\n`);
}

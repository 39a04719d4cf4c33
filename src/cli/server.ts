import { resolve } from "node:path";
import type { ServerConfig } from "../config.ts";
import { startServer } from "../server/server.ts";
import { openLog } from "./logging.ts";
import { type ServerFlags, serverConfig } from "./options.ts";
import { aborted, stopSignal } from "./stopping.ts";

/** `dcmon server`: until SIGTERM or SIGINT. */
export async function server(flags: ServerFlags): Promise<void> {
  const config = serverConfig(flags).server;
  const stop = stopSignal();
  using process = openLog(config);
  const running = await startServer(config, process.log);
  printStartLine(running.url, config);
  await aborted(stop);
  await running.stop();
}

/** For people, whatever the log's level and place. */
export function printStartLine(url: string, config: ServerConfig): void {
  const token = resolve(config.data_dir, config.admin_token_file);
  process.stdout.write(`dcmon is at ${browserUrl(url)}  (admin token: ${token})\n`);
}

/** A server that listens on every address is best reached as localhost: its certificate and cookies fit that name. */
function browserUrl(url: string): string {
  const { hostname, port } = new URL(url);
  const local = ["0.0.0.0", "[::]", "127.0.0.1", "[::1]"].includes(hostname);
  return `https://${local ? "localhost" : hostname}:${port || "443"}`;
}

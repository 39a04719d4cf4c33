import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { ServerConfig } from "../config.ts";
import { verifiedTls } from "../pki/verified_tls.ts";
import { localAddress } from "./address.ts";
import { type ServerFlags, serverConfig } from "./options.ts";
import { print } from "./output.ts";

export interface TokenFlags extends ServerFlags {
  readonly url?: string;
}

const ANSWER = z.object({ token: z.string(), expires_at: z.iso.datetime() });

/** `dcmon token create`: asks the server on this machine, as admin, for a join token. */
export async function createToken(flags: TokenFlags): Promise<void> {
  const config = serverConfig(flags).server;
  const { token, expires_at } = await requestToken(config);
  const url = flags.url ?? `https://${config.names[0] ?? hostname()}:${config.port}`;
  await print(`dcmon agent --server ${url} --token ${token}\n`);
  process.stderr.write(`Run this on the node to add, before ${expires_at}. It works once.\n`);
}

async function requestToken(config: ServerConfig): Promise<z.infer<typeof ANSWER>> {
  const address = localAddress(config.host, config.port);
  const ca = readOwn(join(config.data_dir, "pki/ca.pem"));
  const secret = readOwn(resolve(config.data_dir, config.admin_token_file)).trim();
  let response: Response;
  try {
    response = await fetch(`${address}/api/tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      tls: verifiedTls(ca),
      signal: AbortSignal.timeout(10_000),
    });
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    throw new Error(
      `Cannot reach the server at ${address} (${reason}). Start it with "dcmon server", or say where it listens with --listen.`,
      { cause },
    );
  }
  const text = await response.text();
  if (!response.ok)
    throw new Error(
      `The server at ${address} made no token: it answered ${response.status} ${text.slice(0, 200)}. Is --data-dir that server's?`,
    );
  return ANSWER.parse(JSON.parse(text));
}

function readOwn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(
      `Cannot read ${path}: ${(cause as Error).message}. Run this on the server's machine, as the server's user, with the same --data-dir.`,
      { cause },
    );
  }
}

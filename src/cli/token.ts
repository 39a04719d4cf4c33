import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { serverUrl } from "../config/kinds.ts";
import { ConfigError } from "../config/source.ts";
import type { ServerConfig } from "../config.ts";
import { reasonOf } from "../lib/system_error.ts";
import { readCertificate } from "../pki/certificate.ts";
import { coveredNames } from "../pki/names.ts";
import { verifiedTls } from "../pki/verified_tls.ts";
import { type Listening, readListening } from "../server/listening_file.ts";
import { localAddress } from "./address.ts";
import { serverConfig, type TokenFlags } from "./options.ts";
import { print } from "./output.ts";

const ANSWER = z.object({ token: z.string(), expires_at: z.iso.datetime() });

const ANY_ADDRESS = new Set(["0.0.0.0", "::"]);

/** `dcmon token create`: asks the server on this machine, as admin, for a join token. */
export async function createToken(flags: TokenFlags): Promise<void> {
  const given = urlOf(flags);
  const config = serverConfig(flags).server;
  const listening = addressOf(flags, config);
  const { token, expires_at } = await requestToken(config, listening);
  const url = given ?? `https://${inUrl(nameForNodes(config, listening))}:${listening.port}`;
  for (const doubt of doubtsAbout(url, config, listening)) process.stderr.write(`dcmon: ${doubt}\n`);
  process.stderr.write(`Copy dcmon to the node and run this there, before ${expires_at}. It works once.\n`);
  await print(`./dcmon agent --server ${url} --token ${token}\n`);
}

/** @throws ConfigError */
function urlOf({ url }: TokenFlags): string | undefined {
  if (url === undefined) return undefined;
  const expected = serverUrl().min(1, "an address like https://host:8000").safeParse(url);
  if (expected.success) return url.replace(/\/$/, "");
  throw new ConfigError([`--url: expected ${expected.error.issues[0]?.message}, got ${JSON.stringify(url)}`]);
}

/** `--listen` over what the server has noted over the other options. */
function addressOf(flags: TokenFlags, { data_dir, host, port }: ServerConfig): Listening {
  const noted = flags.listen === undefined ? readListening(data_dir) : undefined;
  return noted ?? { host, port };
}

function nameForNodes(config: ServerConfig, { host }: Listening): string {
  const name = config.names.find((candidate) => !candidate.startsWith("*"));
  return name ?? (ANY_ADDRESS.has(host) || isLoopback(host) ? hostname() : host);
}

function inUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Why an agent may not be able to join at this address: the server works, so these are warnings. */
function doubtsAbout(url: string, config: ServerConfig, { host, port }: Listening): string[] {
  const name = new URL(url).hostname.replace(/^\[|\]$/g, "");
  const doubts: string[] = [];
  const certificate = readCertificate(readOwn(join(config.data_dir, "pki/server.pem")));
  const covered =
    isIP(name) === 0 ? certificate?.checkHost(name) !== undefined : certificate?.checkIP(name) !== undefined;
  if (certificate !== undefined && !covered)
    doubts.push(
      `Warning: the server's certificate does not cover ${name}, so agents will not connect to it. It covers ${coveredNames(certificate).join(", ")}. Add ${name} to server.names and restart the server, or give one of these with --url.`,
    );
  if (isLoopback(host) && !isLoopback(name))
    doubts.push(
      `Warning: the server listens on ${host}:${port}, which other machines cannot reach. Start it with --listen 0.0.0.0:${port}.`,
    );
  return doubts;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

async function requestToken(
  config: ServerConfig,
  { host, port }: Listening,
): Promise<z.infer<typeof ANSWER>> {
  const address = localAddress(host, port);
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
      `Cannot reach the server of ${config.data_dir} at ${address} (${reason}). Start it with "dcmon server", or say where it listens with --listen.`,
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
      `Cannot read ${path}: ${reasonOf(cause)}. Run this on the server's machine, as the server's user, with the same --data-dir.`,
      { cause },
    );
  }
}

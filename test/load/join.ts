import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { verifiedTls } from "../../src/pki/verified_tls.ts";

const ANSWER = z.object({ token: z.string() });

/** Asks a server on this machine, as its admin, for a join token. @param dataDir the server's */
export async function createJoinToken(server: string, dataDir: string): Promise<string> {
  const read = (name: string) => readFileSync(join(dataDir, name), "utf8");
  const response = await fetch(`${server}/api/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${read("admin_token").trim()}` },
    tls: verifiedTls(read("pki/ca.pem")),
  });
  if (!response.ok)
    throw new Error(
      `Cannot create a join token: ${server} answered ${response.status} ${await response.text()}`,
    );
  return ANSWER.parse(await response.json()).token;
}

import { afterAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { requestCertificate } from "../../src/agent/enrolment.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { generateKeys } from "../../src/pki/keys.ts";
import { createJoinToken, formatJoinToken } from "../../src/pki/token.ts";
import { RunningHub } from "../server/running_hub.ts";

const BOMB_BYTES = 512 * 1024 * 1024;
const MAX_GROWTH_BYTES = 128 * 1024 * 1024;

const ours = await RunningHub.start();
afterAll(() => ours.stop());
const keys = await generateKeys();

/** What a node makes of a server that gives this answer to `GET /api/ca`. */
async function join(answer: (request: Request) => Response): Promise<unknown> {
  const { certificate, key } = ours.authority.server;
  await using server = Bun.serve({ port: 0, tls: { cert: certificate, key }, fetch: answer });
  const token = formatJoinToken(createJoinToken(ours.authority.pin));
  const origin = `https://127.0.0.1:${server.port}`;
  return await requestCertificate({
    server: origin,
    token,
    name: "n",
    machineId: "",
    keys,
    clock: systemClock,
  }).catch((error: Error) => error.message.replace(origin, "ORIGIN"));
}

test("an answer that unpacks to half a gigabyte is not unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(BOMB_BYTES), { level: 9 });
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  const peak = { bytes: before };
  const watch = setInterval(() => {
    peak.bytes = Math.max(peak.bytes, process.memoryUsage.rss());
  }, 1);
  const asked: (string | null)[] = [];
  const outcome = await join((request) => {
    asked.push(request.headers.get("accept-encoding"));
    return new Response(bomb, {
      headers: { "content-encoding": "gzip", "content-type": "application/json" },
    });
  });
  clearInterval(watch);
  expect(outcome).toStartWith(
    'Cannot enroll "n": no answer from ORIGIN (its answer is longer than 65536 bytes).',
  );
  expect(asked).toEqual(["identity"]);
  expect(peak.bytes - before).toBeLessThan(MAX_GROWTH_BYTES);
});

test("an answer of more than 64 KiB is given up", async () => {
  expect(await join(() => Response.json({ ca: "x".repeat(65_536) }))).toStartWith(
    'Cannot enroll "n": no answer from ORIGIN (its answer is longer than 65536 bytes).',
  );
});

import { join } from "node:path";
import { Spool } from "../../src/agent/spool.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { testLayout, testReading } from "./readings.ts";

/** Appends frames to the spool in a folder until it is killed; prints each one's timestamp once the append has returned. */
const [folder, first] = process.argv.slice(2);
const layout = testLayout(50);
const spool = Spool.open({
  path: join(folder!, "spool.db"),
  maxBytes: 2 ** 26,
  clock: systemClock,
  log: silentLogger,
});
for (let timestamp = Number(first); ; timestamp++) {
  spool.append([testReading(timestamp, layout)]);
  process.stdout.write(`${timestamp}\n`);
}

// Run by identity.test.ts in a process of its own: joins, and prints why it could not.
import { loadOrEnrol } from "../../src/agent/identity.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/log.ts";

const [server = "", token = "", dataDir = ""] = process.argv.slice(2);
loadOrEnrol({ server, token, name: "gpu-07", machineId: "", dataDir, clock: systemClock }, silentLogger).then(
  () => console.log("joined"),
  (error: Error) => console.log(error.message),
);

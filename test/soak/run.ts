/** `npm run soak [-- --kills 200 --per-phase 50 --agent-kills 50]`: the long form of test/e2e/kill.test.ts. Needs dist/dcmon. */
import { parseArgs } from "node:util";
import { killSoak } from "./kill.ts";

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "100" },
    series: { type: "string", default: "300" },
    kills: { type: "string", default: "200" },
    "per-phase": { type: "string", default: "50" },
    "agent-kills": { type: "string", default: "50" },
  },
});

const report = await killSoak(
  {
    agents: Number(values.agents),
    series: Number(values.series),
    kills: Number(values.kills),
    perPhase: Number(values["per-phase"]),
    agentKills: Number(values["agent-kills"]),
  },
  (line) => console.log(`${new Date().toISOString()} ${line}`),
);
console.log(JSON.stringify(report, null, 2));
if (report.physical.journalDuplicates > 0 || report.physical.integrity !== "ok") process.exitCode = 1;

import { expect, test } from "bun:test";
import { killSoak } from "../soak/kill.ts";

test("server and agents killed during commit, seal and retention lose nothing acknowledged and store nothing twice", async () => {
  const plan = { agents: 100, series: 300, kills: 8, perPhase: 2, agentKills: 2 };
  const report = await killSoak(plan, () => {});
  for (const hits of Object.values(report.hits)) expect(hits).toBeGreaterThanOrEqual(plan.perPhase);
  expect(report.agentKills).toBeGreaterThanOrEqual(plan.agentKills);
  expect(report.framesAcknowledged).toBeGreaterThan(plan.agents * 40);
  expect(report.physical.journalDuplicates).toBe(0);
  expect(report.physical.integrity).toBe("ok");
}, 300_000);

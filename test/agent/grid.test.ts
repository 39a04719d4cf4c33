import { expect, test } from "bun:test";
import { Grid, phaseOf } from "../../src/agent/grid.ts";

test("grid times lie at k × interval + phase", () => {
  const grid = new Grid(5000, 1234);
  expect(grid.at(11_234)).toBe(11_234);
  expect(grid.at(11_233)).toBe(6234);
  expect(grid.after(11_234)).toBe(16_234);
  expect(grid.after(11_233)).toBe(11_234);
  expect(grid.at(0)).toBe(-3766);
});

test("a client's phase is stable, below the interval, and differs between clients", () => {
  expect(phaseOf("00ff", 5000)).toBe(phaseOf("00ff", 5000));
  const phases = Array.from({ length: 1000 }, (_, i) => phaseOf(i.toString(16), 5000));
  expect(Math.min(...phases)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...phases)).toBeLessThan(5000);
  const tenths = new Set(phases.map((phase) => Math.floor(phase / 500)));
  expect(tenths.size).toBe(10);
  expect(new Set(phases).size).toBeGreaterThan(880);
});

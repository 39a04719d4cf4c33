import { expect, test } from "bun:test";
import { kindOf, valueAt } from "./series.ts";

const START = Date.UTC(2026, 10, 21);

test("a simulated counter only rises, a constant stays, and both are the same for everyone who asks", () => {
  for (let agent = 0; agent < 20; agent++)
    for (let series = 0; series < 40; series++) {
      let previous = valueAt(agent, series, START - 1000);
      for (let tick = 0; tick < 200; tick++) {
        const timestamp = START + tick * 1000 + agent;
        const value = valueAt(agent, series, timestamp);
        expect(Number.isFinite(value)).toBe(true);
        if (kindOf(series) === "counter") expect(value).toBeGreaterThan(previous);
        if (kindOf(series) === "constant") expect(value).toBe(previous);
        previous = value;
      }
      expect(valueAt(agent, series, START + 199_000 + agent)).toBe(previous);
    }
});

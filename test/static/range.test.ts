import { expect, test } from "bun:test";
import { fixedRange, PRESETS, rangeOf, stepFor } from "../../static/charts/range.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;

test("rangeOf() reads relative and absolute times; only a range without an end moves", () => {
  const cases: [string, number, number, boolean][] = [
    ["", -15 * MINUTE, 0, true],
    ["?from=-1h", -60 * MINUTE, 0, true],
    ["?from=-90s", -1.5 * MINUTE, 0, true],
    ["?from=-30d", -30 * 1440 * MINUTE, 0, true],
    ["?from=-2h&to=-1h", -120 * MINUTE, -60 * MINUTE, false],
    ["?from=-1h&to=now", -60 * MINUTE, 0, true],
    ["?from=2026-11-21T10:00:00Z&to=2026-11-21T11:00:00Z", -120 * MINUTE, -60 * MINUTE, false],
    [`?from=${NOW - 1000 * MINUTE}&to=${NOW - MINUTE}`, -1000 * MINUTE, -MINUTE, false],
  ];
  for (const [search, from, to, live] of cases)
    expect([search, rangeOf(search, NOW)]).toEqual([search, { from: NOW + from, to: NOW + to, live }]);
});

test("rangeOf() gives nothing for what it cannot read", () => {
  for (const search of [
    "?from=yesterday",
    "?from=-1x",
    "?from=now",
    "?from=-1h&to=-2h",
    "?from=<script>",
    "?from=-1h&to=x",
  ])
    expect([search, rangeOf(search, NOW)]).toEqual([search, undefined]);
});

test("fixedRange() is read back as it was written", () => {
  const range = { from: NOW - 7 * MINUTE, to: NOW - MINUTE, live: false };
  expect(rangeOf(fixedRange(range.from, range.to), NOW)).toEqual(range);
});

test("stepFor() is a round number that gives no more points than asked for", () => {
  for (const { from } of PRESETS)
    for (const points of [60, 275, 800]) {
      const range = rangeOf(`?from=${from}`, NOW)!;
      const step = stepFor(range.to - range.from, points, 5000);
      expect((range.to - range.from) / step).toBeLessThanOrEqual(points);
      expect(step).toBeGreaterThanOrEqual(5000);
      expect([1000, 60_000, 3_600_000].some((unit) => step % unit === 0)).toBe(true);
    }
});

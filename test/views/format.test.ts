import { expect, test } from "bun:test";
import { formatAgo, formatDuration, formatValue, type Unit } from "../../views/format.ts";

test("formatValue() gives three digits and the unit that fits", () => {
  const cases: [number | null | undefined, Unit, string][] = [
    [0, "ratio", "0 %"],
    [0.00001, "ratio", "0.00 %"],
    [0.0777, "ratio", "7.77 %"],
    [0.3966, "ratio", "39.7 %"],
    [0.9996, "ratio", "100 %"],
    [1, "ratio", "100 %"],
    [0, "bytes", "0 B"],
    [1023, "bytes", "1023 B"],
    [1024, "bytes", "1.00 KiB"],
    [1_048_575, "bytes", "1.00 MiB"],
    [1.25 * 2 ** 40, "bytes", "1.25 TiB"],
    [-1536, "bytes_per_second", "-1.50 KiB/s"],
    [999.9, "per_second", "1.00 k/s"],
    [42, "per_second", "42.0/s"],
    [41.26, "celsius", "41.3 °C"],
    [-3.5, "celsius", "-3.50 °C"],
    [12_345, "number", "12.3 k"],
    [null, "number", "–"],
    [undefined, "bytes", "–"],
    [Number.NaN, "bytes", "–"],
    [Number.POSITIVE_INFINITY, "ratio", "–"],
  ];
  for (const [value, unit, text] of cases)
    expect([value, unit, formatValue(value, unit)]).toEqual([value, unit, text]);
});

test("formatDuration() gives the two largest parts", () => {
  const cases: [number, string][] = [
    [-1, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [3600, "1 h 0 min"],
    [90_000, "1 d 1 h"],
    [86_400 * 365, "365 d"],
  ];
  for (const [seconds, text] of cases) expect(formatDuration(seconds)).toBe(text);
});

test("formatAgo() calls the last moments now", () => {
  expect([formatAgo(-3), formatAgo(9), formatAgo(75)]).toEqual(["now", "now", "1 min ago"]);
});

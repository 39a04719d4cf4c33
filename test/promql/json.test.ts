import { describe, expect, test } from "bun:test";
import { formatNumber, formatTimestamp } from "../../src/promql/format.ts";
import { toPrometheusJson } from "../../src/promql/json.ts";

describe("formatNumber() writes what Go's FormatFloat(v, 'f', -1, 64) writes:", () => {
  const cases: readonly (readonly [value: number, text: string])[] = [
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [0.1, "0.1"],
    [1e21, "1000000000000000000000"],
    [-1.5e22, "-15000000000000000000000"],
    [1.2345678901234567e30, "1234567890123456700000000000000"],
    [1e-7, "0.0000001"],
    [-1.25e-9, "-0.00000000125"],
    [5e-324, `0.${"0".repeat(323)}5`],
    [Number.MAX_VALUE, `17976931348623157${"0".repeat(292)}`],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
  ];
  for (const [value, text] of cases)
    test(text.slice(0, 30), () => {
      expect(formatNumber(value)).toBe(text);
      if (Number.isFinite(value)) expect(Number(text)).toBe(value);
    });
});

test("formatTimestamp() writes seconds, with milliseconds when there are any", () => {
  expect([1435781451781, 1435781451000, 1435781451050, 0, -500, -1500].map(formatTimestamp)).toEqual([
    "1435781451.781",
    "1435781451",
    "1435781451.050",
    "0",
    "-0.500",
    "-1.500",
  ]);
});

describe("toPrometheusJson()", () => {
  test("scalar and string", () => {
    expect(toPrometheusJson({ type: "scalar", time: 1500, value: Number.NaN })).toBe(
      '{"resultType":"scalar","result":[1.500,"NaN"]}',
    );
    expect(toPrometheusJson({ type: "string", time: 1000, value: 'a"\n\u2028' })).toBe(
      '{"resultType":"string","result":[1,"a\\"\\n\u2028"]}',
    );
  });

  test("vector, with hostile labels", () => {
    const labels = ["__name__", "x", "a", '"</script>\\\u0000\ud800'];
    const json = toPrometheusJson({ type: "vector", time: 1000, samples: [{ labels, value: 1e21 }] });
    expect(JSON.parse(json)).toEqual({
      resultType: "vector",
      result: [{ metric: { __name__: "x", a: labels[3] }, value: [1, "1000000000000000000000"] }],
    });
    expect(json).toContain("\\ud800");
  });

  test("matrix", () => {
    const series = [
      { labels: ["a", "1"], timestamps: Float64Array.of(1000, 2500), values: Float64Array.of(1, -0.5) },
      { labels: [], timestamps: Float64Array.of(1000), values: Float64Array.of(2) },
    ];
    expect(toPrometheusJson({ type: "matrix", series })).toBe(
      '{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[[1,"1"],[2.500,"-0.5"]]},{"metric":{},"values":[[1,"2"]]}]}',
    );
    expect(toPrometheusJson({ type: "matrix", series: [] })).toBe('{"resultType":"matrix","result":[]}');
  });
});

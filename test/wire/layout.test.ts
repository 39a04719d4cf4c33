import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Labels, labelsKey, labelsOf } from "../../src/metrics/labels.ts";
import {
  type Layout,
  layoutFault,
  layoutHash,
  MAX_LABELS_PER_SERIES,
  MAX_LAYOUT_SERIES,
} from "../../src/wire/layout.ts";

const series = (...pairs: [string, string][]): Labels => labelsOf([["__name__", "up_time"], ...pairs]);
const layout = (...list: Labels[]): Layout => ({ exporter: "os", interval: 5000, series: list });

test("the hash is 32 hex digits of the content, and changes with every part of it", () => {
  const base = layout(series(["cpu", "0"]), series(["cpu", "1"]));
  const hashes = [
    base,
    { ...base, exporter: "ipmi" },
    { ...base, interval: 1000 },
    layout(series(["cpu", "0"])),
    layout(series(["cpu", "1"]), series(["cpu", "0"])),
    layout(series(["cpu", "01"]), series(["cpu", "1"])),
  ].map(layoutHash);
  expect(new Set(hashes).size).toBe(6);
  for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(layoutHash(structuredClone(base))).toBe(hashes[0]!);
});

test("hash and verdict survive JSON, whatever text the labels hold", () => {
  const values = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.uniqueArray(values, { minLength: 1, maxLength: 10 }), (list) => {
      const before = layout(...list.map((value) => series(["x", value])));
      const after = JSON.parse(JSON.stringify(before)) as Layout;
      expect(layoutHash(after)).toBe(layoutHash(before));
      expect(layoutFault(after)).toBe(layoutFault(before)!);
    }),
  );
});

test("whatever passes is unambiguous: no two series of it share a key", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", "\u0000", "\ud800", "é"),
    minLength: 1,
    maxLength: 4,
  });
  const labels = fc
    .array(fc.tuple(fc.constantFrom("a", "b"), text), { maxLength: 2 })
    .map((pairs) => series(...pairs));
  fc.assert(
    fc.property(fc.array(labels, { minLength: 1, maxLength: 6 }), (list) => {
      if (layoutFault(layout(...list)) !== undefined) return;
      const keys = new Set(list.map(labelsKey));
      const inDatabase = new Set(list.map((one) => Buffer.from(labelsKey(one)).toString("utf8")));
      expect(keys.size).toBe(list.length);
      expect(inDatabase.size).toBe(list.length);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ["no series", layout(), "layout has no series"],
  [
    "too many series",
    layout(...Array.from({ length: MAX_LAYOUT_SERIES + 1 }, (_, i) => series(["i", `${i}`]))),
    `the limit is ${MAX_LAYOUT_SERIES}`,
  ],
  [
    "a series twice",
    layout(series(["a", "1"]), series(["b", "1"]), series(["a", "1"])),
    "series 2 is listed twice",
  ],
  ["no name", layout(["a", "1"]), "series 0: labels are not sorted"],
  ["a hostile name", layout(["__name__", "a b"]), "series 0: labels are not sorted"],
  ["a hostile label name", layout(["__name__", "a", 'x"}', "1"]), "series 0: labels are not sorted"],
  ["unsorted labels", layout(["b", "1", "a", "1", "__name__", "x"]), "series 0: labels are not sorted"],
  ["a label twice", layout(["__name__", "x", "a", "1", "a", "2"]), "series 0: labels are not sorted"],
  ["an empty value", layout(["__name__", "x", "a", ""]), "series 0: labels are not sorted"],
  ["half a pair", layout(["__name__", "x", "a"]), "series 0: labels are not sorted"],
  ["U+0000 in a value", layout(["__name__", "x", "a", "1\u00002"]), "series 0: labels are not sorted"],
  [
    "half a character in a value",
    layout(["__name__", "x", "a", "\ud800"]),
    "series 0: labels are not sorted",
  ],
  [
    "too many labels",
    layout(
      series(...Array.from({ length: MAX_LABELS_PER_SERIES }, (_, i) => [`l${i}`, "x"] as [string, string])),
    ),
    "33 labels, the limit is 32",
  ],
  ["a long label name", layout(series(["n".repeat(129), "x"])), "a label name is longer than 128"],
  ["a long value", layout(series(["a", "x".repeat(1025)])), 'the value of label "a" is longer than 1024'],
  [
    "too many bytes",
    layout(...Array.from({ length: 400 }, (_, i) => series(["i", `${i}${"ü".repeat(900)}`]))),
    "bytes as JSON, the limit is",
  ],
])("a layout with %s is refused, and the fault says where", (_, hostile, fault) => {
  expect(layoutFault(hostile)).toContain(fault);
});

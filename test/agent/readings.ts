import type { Reading } from "../../src/agent/spool.ts";
import { type Layout, layoutHash } from "../../src/wire/layout.ts";
import { encodeValues } from "../../src/wire/values.ts";

export function testLayout(series: number, exporter = "test"): Layout {
  const labels = Array.from({ length: series }, (_, i) => [
    ...["__name__", `metric_${i}`, "instance", "node-1", "job", "node"],
  ]);
  return { exporter, interval: 1000, series: labels };
}

/** Values that no codec makes small: eight bytes each. */
export function testReading(timestamp: number, layout: Layout, value = Math.PI): Reading {
  const values = layout.series.map((_, i) => value + i / 7);
  return { hash: layoutHash(layout), layout, timestamp, payload: encodeValues(values) };
}

import type { MetricFamily } from "./catalogue.ts";

/** What dcmon says about itself. */
export const DCMON_METRICS: readonly (readonly [string, MetricFamily])[] = [
  ["up", { type: "gauge", unit: "", help: "1 while the client's data arrives, 0 when it does not." }],
  [
    "dcmon_exporter_duration_seconds",
    { type: "gauge", unit: "seconds", help: "How long the exporter took for this collection." },
  ],
  [
    "dcmon_exporter_success",
    {
      type: "gauge",
      unit: "",
      help: "1 when the exporter collected, 0 when it failed or did not finish in time.",
    },
  ],
  [
    "dcmon_exporter_ticks_missed_total",
    {
      type: "counter",
      unit: "",
      help: "Ticks without a collection because the exporter or the agent was still busy.",
    },
  ],
];

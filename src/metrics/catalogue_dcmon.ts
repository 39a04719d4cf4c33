import type { MetricFamily } from "./family.ts";

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
  ["dcmon_agent_info", { type: "gauge", unit: "", help: "1; the label version is the agent's." }],
  [
    "dcmon_agent_cpu_seconds_total",
    { type: "counter", unit: "seconds", help: "CPU time that the agent has used, in user and kernel mode." },
  ],
  [
    "dcmon_agent_resident_memory_bytes",
    { type: "gauge", unit: "bytes", help: "Memory of the agent that is in RAM." },
  ],
  [
    "dcmon_agent_spool_frames",
    { type: "gauge", unit: "", help: "Frames that the server has not acknowledged." },
  ],
  [
    "dcmon_agent_spool_bytes",
    { type: "gauge", unit: "bytes", help: "Disk space that the spool has in use." },
  ],
  [
    "dcmon_agent_spool_max_bytes",
    {
      type: "gauge",
      unit: "bytes",
      help: "Disk space that the spool may use; beyond it the oldest frames are overwritten.",
    },
  ],
  [
    "dcmon_agent_spool_writable",
    {
      type: "gauge",
      unit: "",
      help: "1 while the spool's disk works, 0 while frames stay in memory or cannot be read.",
    },
  ],
  [
    "dcmon_agent_spools_set_aside_total",
    { type: "counter", unit: "", help: "Spool files that were damaged and set aside." },
  ],
  [
    "dcmon_agent_frames_acknowledged_total",
    { type: "counter", unit: "", help: "Frames that the server has acknowledged." },
  ],
  [
    "dcmon_agent_frames_lost_total",
    { type: "counter", unit: "", help: "Frames that never reached the server, by reason." },
  ],
  [
    "dcmon_agent_layouts_refused_total",
    { type: "counter", unit: "", help: "Layouts that the server did not accept." },
  ],
  [
    "dcmon_agent_disconnects_total",
    { type: "counter", unit: "", help: "Connections to the server that ended." },
  ],
  [
    "dcmon_agent_samples_dropped_total",
    { type: "counter", unit: "", help: "Samples that the agent left out, by reason." },
  ],
  [
    "dcmon_agent_clock_offset_seconds",
    {
      type: "gauge",
      unit: "seconds",
      help: "How far the server's clock is ahead of the node's, at the last connection.",
    },
  ],
];

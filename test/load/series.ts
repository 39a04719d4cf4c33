import type { Sample } from "../../src/agent/exporters/exporter.ts";

/**
 * What a simulated node reports: a mixture as /proc shows it on a busy machine, 65 % constants, 20 % counters, 15 %
 * gauges. Every value is a pure function of agent, series and time, so that a checker needs no record of what was sent.
 */
export type Kind = "constant" | "counter" | "gauge";

/** Counters count from here, ms. */
const ORIGIN = Date.UTC(2026, 0, 1);

export const METRIC_NAMES: Record<Kind, string> = {
  constant: "load_constant",
  counter: "load_counter_total",
  gauge: "load_gauge",
};

export function kindOf(series: number): Kind {
  const place = series % 20;
  return place < 13 ? "constant" : place < 17 ? "counter" : "gauge";
}

/** One tick of one agent. The labels `agent` and `series` are the arguments that {@link valueAt} wants. */
export function samplesAt(agent: number, count: number, timestamp: number): Sample[] {
  return Array.from({ length: count }, (_, series) => ({
    name: METRIC_NAMES[kindOf(series)],
    labels: [
      ["agent", String(agent)],
      ["series", String(series)],
    ],
    value: valueAt(agent, series, timestamp),
  }));
}

/** @param timestamp ms; within one second a counter does not change. */
export function valueAt(agent: number, series: number, timestamp: number): number {
  const identity = hash(agent, series, 0);
  const second = Math.floor((timestamp - ORIGIN) / 1000);
  switch (kindOf(series)) {
    case "constant":
      return constant(identity);
    case "counter":
      return counter(identity, second);
    case "gauge":
      return gauge(identity, second);
  }
}

function constant(identity: number): number {
  if (identity % 2 === 0) return 0;
  return identity % 8 === 1 ? 4096 * (identity >>> 8) : (identity >>> 4) % 5000;
}

/** Rises by between 1 and 2 × rate − 1 a second. */
function counter(identity: number, second: number): number {
  const noise = hash(identity, second, 1);
  switch (identity % 3) {
    case 0: // seconds of CPU, in hundredths
      return (second * 97 + (noise % 4)) / 100;
    case 1: // events
      return second * 200 + (noise % 200);
    default: // bytes
      return second * 100_000 + (noise % 100_000);
  }
}

function gauge(identity: number, second: number): number {
  switch (identity % 3) {
    case 0: // bytes of memory, in pages
      return 4096 * (500_000 + (identity % 100_000) + (hash(identity, Math.floor(second / 5), 2) % 4000));
    case 1: // a temperature
      return (400 + (hash(identity, Math.floor(second / 10), 3) % 30)) / 10;
    default: // a load average
      return (hash(identity, Math.floor(second / 5), 4) % 300) / 100;
  }
}

/** 32 bits, well mixed (the finalizer of MurmurHash3). */
function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

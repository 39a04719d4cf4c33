/** The span of time that the page shows, in milliseconds since the epoch. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  /** Ends now: the page keeps it moving. */
  readonly live: boolean;
}

export const DEFAULT_FROM = "-15m";

/** What the range picker offers. */
export const PRESETS: readonly { readonly from: string; readonly label: string; readonly title: string }[] = [
  { from: "-5m", label: "5 min", title: "The last 5 minutes" },
  { from: "-15m", label: "15 min", title: "The last 15 minutes" },
  { from: "-1h", label: "1 h", title: "The last hour" },
  { from: "-6h", label: "6 h", title: "The last 6 hours" },
  { from: "-24h", label: "24 h", title: "The last 24 hours" },
  { from: "-7d", label: "7 d", title: "The last 7 days" },
  { from: "-30d", label: "30 d", title: "The last 30 days" },
];

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const SHORTEST_MS = 10_000;

/**
 * Reads `from` and `to` of a URL: `-1h` (relative to now), RFC 3339, or milliseconds since the epoch.
 * Without `to` the range ends now and moves. @returns undefined for what cannot be read.
 */
export function rangeOf(search: string, now: number): TimeRange | undefined {
  const parameters = new URLSearchParams(search);
  const from = timeOf(parameters.get("from") ?? DEFAULT_FROM, now);
  const toText = parameters.get("to");
  const to = toText === null ? now : timeOf(toText, now);
  if (from === undefined || to === undefined || to - from < SHORTEST_MS) return undefined;
  return { from, to, live: toText === null || toText === "now" };
}

/** The query string for a range that stands still. */
export function fixedRange(from: number, to: number): string {
  return `?from=${isoSeconds(from)}&to=${isoSeconds(to)}`;
}

/** A step that gives about `points` points, at least `interval`: a round number, so that steps fall on the clock. */
export function stepFor(spanMs: number, points: number, intervalMs: number): number {
  const wanted = Math.max(spanMs / points, intervalMs, 1000);
  return ROUND_STEPS_MS.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400_000) * 86_400_000;
}

const ROUND_STEPS_MS = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  86_400,
].map((seconds) => seconds * 1000);

function timeOf(text: string, now: number): number | undefined {
  if (text === "now") return now;
  const relative = /^-(\d{1,6})([smhdw])$/.exec(text);
  if (relative) return now - Number(relative[1]) * UNIT_MS[relative[2]!]!;
  const time = /^\d{10,15}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(time) ? time : undefined;
}

function isoSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

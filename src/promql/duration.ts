const UNIT_MS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

const PATTERN = new RegExp(`^${UNIT_MS.map(([unit]) => `(?:(\\d+)${unit})?`).join("")}$`);

/** Prometheus keeps durations in int64 nanoseconds: about 292 years. */
const MAX_MS = 9_223_372_036_854;

/**
 * Milliseconds of a PromQL duration such as `1h30m` (units descending, each at most once),
 * or undefined when `text` is none or is longer than 292 years.
 */
export function parseDuration(text: string): number | undefined {
  const match = text === "" ? null : PATTERN.exec(text);
  if (!match) return undefined;
  let ms = 0;
  UNIT_MS.forEach(([, unitMs], i) => {
    ms += Number(match[i + 1] ?? 0) * unitMs;
  });
  return ms <= MAX_MS ? ms : undefined;
}

import type { Trend } from "../../src/server/fleet.ts";
import { ABSENT, formatValue } from "../format.ts";

/** Bounds between calm, noticeable and urgent, as ratios. */
const WARNING = 0.8;
const CRITICAL = 0.92;

export function levelOf(ratio: number): "calm" | "warning" | "critical" {
  return ratio >= CRITICAL ? "critical" : ratio >= WARNING ? "warning" : "calm";
}

/** A ratio as a number with a thin bar. The number says it; the bar lets the eye compare rows. */
export const Meter = ({ ratio, title }: { ratio: number | undefined; title?: string | undefined }) =>
  ratio === undefined ? (
    <span class="absent">{ABSENT}</span>
  ) : (
    <span class="meter" title={title}>
      {formatValue(ratio, "ratio")}
      <svg class={levelOf(ratio)} aria-hidden="true">
        <rect width={`${percent(ratio)}%`} height="100%" rx="2" />
      </svg>
    </span>
  );

/** A ratio over time, without axes: from 0 to its highest, or to a quarter where it stays below that. */
export const Sparkline = ({ values, label }: { values: Trend; label: string }) => {
  const known = values.flatMap((value, i) =>
    value === undefined ? [] : [{ value, x: xOf(i, values.length) }],
  );
  if (known.length < 2) return <span class="sparkline" />;
  const top = Math.max(0.25, ...known.map(({ value }) => value));
  const line = known.map(({ value, x }) => `${x},${yOf(value, top)}`).join(" ");
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <polygon points={`${known[0]!.x},${HEIGHT} ${line} ${known.at(-1)!.x},${HEIGHT}`} />
      <polyline points={line} />
    </svg>
  );
};

const WIDTH = 72;
const HEIGHT = 20;

function xOf(index: number, count: number): number {
  return tenths((index / (count - 1)) * WIDTH);
}

function yOf(value: number, top: number): number {
  return tenths(HEIGHT - 1 - (Math.max(0, value) / top) * (HEIGHT - 3));
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function percent(ratio: number): number {
  return tenths(Math.min(1, Math.max(0, ratio)) * 100);
}

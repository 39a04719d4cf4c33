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
export const Sparkline = ({ values, label }: { values: readonly number[]; label: string }) => {
  if (values.length < 2) return <span class="sparkline" />;
  const top = Math.max(0.25, ...values);
  const yOf = (value: number) => tenths(HEIGHT - 1 - (Math.max(0, value) / top) * (HEIGHT - 3));
  const points = values.map((value, i) => `${tenths((i / (values.length - 1)) * WIDTH)},${yOf(value)}`);
  // One shape for line and area: its sides and bottom lie outside of what is shown.
  const first = `${-OUTSIDE},${HEIGHT + OUTSIDE} ${-OUTSIDE},${yOf(values[0]!)}`;
  const last = `${WIDTH + OUTSIDE},${yOf(values.at(-1)!)} ${WIDTH + OUTSIDE},${HEIGHT + OUTSIDE}`;
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <polygon points={`${first} ${points.join(" ")} ${last}`} />
    </svg>
  );
};

const WIDTH = 72;
const HEIGHT = 20;
const OUTSIDE = 4;

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function percent(ratio: number): number {
  return tenths(Math.min(1, Math.max(0, ratio)) * 100);
}

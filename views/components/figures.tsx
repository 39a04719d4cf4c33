import type { Trend } from "../../src/server/fleet.ts";
import { ABSENT, formatValue } from "../format.ts";

/** Bounds between calm, noticeable and urgent, as ratios. */
const WARNING = 0.8;
const CRITICAL = 0.92;

function levelOf(ratio: number): "calm" | "warning" | "critical" {
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
  const top = Math.max(0.25, ...values.filter((value) => value !== undefined));
  const stretches = stretchesOf(values, top);
  const area = stretches.map(({ first, last, line }) => `M${first},${HEIGHT} L${line} L${last},${HEIGHT}Z`);
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path class="area" d={area.join("")} />
      <path class="line" d={stretches.map(({ line }) => `M${line}`).join("")} />
    </svg>
  );
};

const WIDTH = 72;
const HEIGHT = 20;

interface Stretch {
  readonly first: number;
  last: number;
  line: string;
}

/** The parts without a gap, in the coordinates of the drawing. */
function stretchesOf(values: Trend, top: number): Stretch[] {
  const stretches: Stretch[] = [];
  let current: Stretch | undefined;
  for (const [i, value] of values.entries()) {
    if (value === undefined) {
      current = undefined;
      continue;
    }
    const x = tenths((i / (values.length - 1)) * WIDTH);
    const y = tenths(HEIGHT - 1 - (Math.max(0, value) / top) * (HEIGHT - 3));
    if (current === undefined) {
      current = { first: x, last: x, line: `${x},${y}` };
      stretches.push(current);
    } else {
      current.last = x;
      current.line += ` ${x},${y}`;
    }
  }
  return stretches;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function percent(ratio: number): number {
  return tenths(Math.min(1, Math.max(0, ratio)) * 100);
}

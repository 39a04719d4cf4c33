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
      <span class="meter-value">{formatValue(ratio, "ratio")}</span>
      <svg class={`meter-bar ${levelOf(ratio)}`} aria-hidden="true">
        <rect class="meter-track" width="100%" height="100%" rx="2" />
        <rect width={`${percent(ratio)}%`} height="100%" rx="2" />
      </svg>
    </span>
  );

/** A ratio over time, without axes: from 0 to its highest, or to a quarter where it stays below that. */
export const Sparkline = ({ values, label }: { values: readonly number[]; label: string }) => {
  if (values.length < 2) return <span class="sparkline" />;
  const top = Math.max(0.25, ...values);
  const points = values.map((value, i) => {
    const x = (i / (values.length - 1)) * SPARK_WIDTH;
    const y = SPARK_HEIGHT - 1 - (Math.max(0, value) / top) * (SPARK_HEIGHT - 3);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon points={`0,${SPARK_HEIGHT} ${points.join(" ")} ${SPARK_WIDTH},${SPARK_HEIGHT}`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
};

const SPARK_WIDTH = 72;
const SPARK_HEIGHT = 20;

function percent(ratio: number): string {
  return (Math.min(1, Math.max(0, ratio)) * 100).toFixed(1);
}

import type uPlot from "uplot";
import { formatValue, type Unit } from "../../views/format.ts";
import type { ChartDefinition } from "./definitions.ts";

const DAY = 86_400;

/** Times on a 24-hour clock, with the date where a day begins. */
export function timeTicks(_: uPlot, splits: number[], __: number, ___: number, increment: number): string[] {
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    return increment >= DAY || midnight ? formatDay(date) : formatClock(date, increment < 60);
  });
}

export function formatClock(date: Date, withSeconds: boolean): string {
  const parts = [date.getHours(), date.getMinutes(), ...(withSeconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

export function formatDay(date: Date): string {
  return date.toLocaleDateString("en", { month: "short", day: "numeric" });
}

export function formatDate(date: Date): string {
  return date.toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

/** As short as a tick may be: no zeros behind the point. */
export function valueTick(value: number, unit: Unit): string {
  return formatValue(value, unit)
    .replace(/(\.\d*?)0+(?=\s|\/|$)/, "$1")
    .replace(/\.(?=\s|\/|$)/, "");
}

/** Distances between ticks: powers of two and their halves for bytes, the decimal ones otherwise. */
export function increments(unit: Unit): number[] | undefined {
  if (unit !== "bytes" && unit !== "bytes_per_second") return undefined;
  return Array.from({ length: 60 }, (_, power) => 2 ** power);
}

/**
 * The smaller half of a mirrored axis, as a part of the larger: as much as the distance of two labels may be. They are
 * at least `MIRRORED_SPACE` of about 170 pixels apart, which is 0.2 of the larger half, and round distances up to twice
 * of that.
 */
const SMALLER_HALF = 0.4;
/** Pixels between two labels of a mirrored axis. */
export const MIRRORED_SPACE = 24;

/** The span of the value axis, with some air above: from zero, unless something is mirrored or zero means little. */
export function valueSpan(
  min: number | null,
  max: number | null,
  bounds: Pick<ChartDefinition, "top" | "atLeast" | "span" | "halves">,
): [number, number] {
  if (bounds.span !== undefined && min !== null && max !== null) return around(min, max, bounds.span);
  const atLeast = bounds.top ?? bounds.atLeast ?? 0;
  const highest = Math.max(max ?? 0, 0);
  const top = bounds.top !== undefined ? Math.max(bounds.top, highest) : Math.max(highest * 1.08, atLeast);
  const bottom = Math.min((min ?? 0) * 1.08, 0);
  if (bounds.halves === undefined) return [bottom, top || 1];
  const least = SMALLER_HALF * Math.max(top, -bottom);
  return [Math.min(bottom, -least) || -SMALLER_HALF, Math.max(top, least) || 1];
}

function around(min: number, max: number, span: number): [number, number] {
  const missing = Math.max(0, span - (max - min)) / 2;
  const air = (max - min) * 0.08;
  return [min - missing - air, max + missing + air];
}

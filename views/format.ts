/** How figures are written, in pages and in charts alike. */
export type Unit = "ratio" | "bytes" | "bytes_per_second" | "per_second" | "celsius" | "number";

/** What stands for a value that is not there. */
export const ABSENT = "–";

const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const SI = ["", "k", "M", "G", "T", "P", "E"];

export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return ABSENT;
  switch (unit) {
    case "ratio":
      return `${digits(value * 100)} %`;
    case "bytes":
      return scaled(value, 1024, IEC);
    case "bytes_per_second":
      return `${scaled(value, 1024, IEC)}/s`;
    case "per_second":
      return `${scaled(value, 1000, SI)}/s`;
    case "celsius":
      return `${digits(value)} °C`;
    case "number":
      return scaled(value, 1000, SI);
    default:
      return unit satisfies never;
  }
}

/** `3 d 4 h`, `4 h 12 min`, `12 min`, `40 s`: the two largest parts. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return days >= 100 ? `${days} d` : `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${whole} s`;
}

/** `now` for the last moments, otherwise `12 min ago`. */
export function formatAgo(seconds: number): string {
  return seconds < 10 ? "now" : `${formatDuration(seconds)} ago`;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let size = Math.abs(value);
  let power = 0;
  while (size >= base * 0.9995 && power < units.length - 1) {
    size /= base;
    power++;
  }
  const number = digits(value < 0 ? -size : size);
  return units[power] === "" ? number : `${number} ${units[power]}`;
}

/** Three significant digits, but never fewer than all those before the point; no trailing zeros after small zeros. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.005) return "0.00";
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

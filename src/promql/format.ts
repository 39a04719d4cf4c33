/** A float as Prometheus writes it: the shortest digits that read back the same, never an exponent. */
export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  return text.includes("e") ? withoutExponent(text) : text;
}

function withoutExponent(text: string): string {
  const [, sign, whole, fraction, exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) as unknown as [
    string,
    string,
    string,
    string | undefined,
    string,
  ];
  const digits = whole + (fraction ?? "");
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0")}`;
}

/** Milliseconds as seconds, with three decimals unless it is a whole second. */
export function formatTimestamp(ms: number): string {
  const fraction = Math.abs(ms % 1000);
  const whole = Math.trunc(ms / 1000);
  const sign = ms < 0 && whole === 0 ? "-" : "";
  return fraction === 0 ? `${whole}` : `${sign}${whole}.${String(fraction).padStart(3, "0")}`;
}

/** A function of each value of an instant vector by itself, with up to two scalar parameters. */
export type EachFunction = (value: number, a: number, b: number) => number;

/** Functions that give NaN outside their domain, as Go's do. */
export const EACH_FUNCTIONS: Readonly<Record<string, EachFunction>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  sqrt: Math.sqrt,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sgn: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  deg: (radians) => (radians * 180) / Math.PI,
  rad: (degrees) => (degrees * Math.PI) / 180,
  clamp_min: (value, min) => Math.max(min, value),
  clamp_max: (value, max) => Math.min(max, value),
  round: (value, nearest) => {
    const inverse = 1 / (Number.isNaN(nearest) ? 1 : nearest);
    return Math.floor(value * inverse + 0.5) / inverse;
  },
};

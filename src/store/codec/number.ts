import { type ByteReader, type ByteWriter, ChunkError } from "./bytes.ts";
import { MAX_EXPONENT, POWERS_OF_TEN } from "./layout.ts";

/**
 * One float64, small when it is a short decimal: 1 byte for 0 … 3, 2 below 512, and so on.
 *
 *     u8   bits 0–3: decimal exponent 0 … 9, or 15: eight bytes of float64 follow;
 *          bit 4: negative; bits 5–6: lowest bits of the magnitude; bit 7: the rest follows as a varint
 */
const AS_DOUBLE = 15;
const NEGATIVE = 0x10;
const MORE = 0x80;
/** Above this a decimal form would take as many bytes as the double. */
const MAX_MAGNITUDE = 2 ** 51;

/** @param value any but NaN */
export function writeNumber(writer: ByteWriter, value: number): void {
  const exponent = decimalExponent(value, 0);
  const integer = exponent < 0 ? Number.NaN : Math.abs(Math.round(value * POWERS_OF_TEN[exponent]!));
  if (!(integer < MAX_MAGNITUDE)) {
    writer.u8(AS_DOUBLE);
    writer.f64(value);
    return;
  }
  const higher = Math.floor(integer / 4);
  writer.u8(exponent | (value < 0 ? NEGATIVE : 0) | ((integer & 3) << 5) | (higher > 0 ? MORE : 0));
  if (higher > 0) writer.varint(higher);
}

export function readNumber(reader: ByteReader): number {
  const head = reader.u8();
  const exponent = head & 15;
  if (exponent === AS_DOUBLE) {
    const value = reader.f64();
    if (Number.isNaN(value)) throw new ChunkError("a value outside the stale markers is NaN");
    return value;
  }
  if (exponent > MAX_EXPONENT) throw new ChunkError(`decimal exponent ${exponent} is not known`);
  const magnitude = ((head >> 5) & 3) + (head & MORE ? reader.varint() * 4 : 0);
  return (head & NEGATIVE ? -magnitude : magnitude) / POWERS_OF_TEN[exponent]!;
}

/** The smallest exponent ≥ `from` at which `value` is an integer divided by that power of ten, or −1. */
export function decimalExponent(value: number, from: number): number {
  for (let exponent = from; exponent <= MAX_EXPONENT; exponent++)
    if (isDecimal(value, POWERS_OF_TEN[exponent]!)) return exponent;
  return -1;
}

/** True when `value` is exactly the quotient of an integer (below 2^52 unless scale is 1) and `scale`. */
function isDecimal(value: number, scale: number): boolean {
  if (value === 0) return !Object.is(value, -0);
  if (scale === 1) return Math.floor(value) === value && Math.abs(value) < 2 ** 63;
  const integer = Math.round(value * scale);
  return Math.abs(integer) < 2 ** 52 && integer / scale === value;
}

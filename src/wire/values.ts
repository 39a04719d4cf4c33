/**
 * The values of one frame, in the order of its layout, in a form that the agent's spool, the wire, the journal and
 * the head all keep unchanged. Stateless, so that any frame can be lost or repeated without harming another.
 *
 *     u8                  form: 0 complete (an absent series has ended: it becomes stale),
 *                               1 partial  (an absent series says nothing)
 *     ceil(n / 4) bytes   two bits per series, lowest first: 0 absent, 1 u16, 2 u32, 3 f64
 *     u16 × …             the values of class 1, in series order, little endian
 *     u32 × …             the values of class 2
 *     f64 × …             the values of class 3
 *
 * Half of what a node reports are small integers, hence the classes: about 3 bytes a value instead of 8.
 * A value is any float64 but NaN. NaN stands for "absent" in a decoded column; in a partial frame written by the
 * server an f64 NaN is an explicit stale marker.
 */
export const COMPLETE = 0;
export const PARTIAL = 1;

export const CLASS_ABSENT = 0;
const CLASS_U16 = 1;
const CLASS_U32 = 2;
const CLASS_F64 = 3;

/** Where the sections of a payload of `n` series begin, in bytes. */
interface Sections {
  classes: number;
  u16: number;
  u32: number;
  f64: number;
  end: number;
}

/** @param values one per series of the layout; NaN means absent. */
export function encodeValues(
  values: ArrayLike<number>,
  form: typeof COMPLETE | typeof PARTIAL = COMPLETE,
): Uint8Array {
  const n = values.length;
  const classBytes = (n + 3) >> 2;
  const scratch = new Uint8Array(1 + classBytes + 8 * n);
  scratch[0] = form;
  let size = 1 + classBytes;
  for (let i = 0; i < n; i++) {
    const kind = classOf(values[i]!);
    scratch[1 + (i >> 2)]! |= kind << ((i & 3) * 2);
    size += CLASS_SIZE[kind]!;
  }
  const payload = scratch.slice(0, size);
  const view = new DataView(payload.buffer);
  const { u16, u32, f64 } = sectionsOf(payload, n);
  let a = u16;
  let b = u32;
  let c = f64;
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    switch (classAt(payload, i)) {
      case CLASS_U16:
        view.setUint16(a, value, true);
        a += 2;
        break;
      case CLASS_U32:
        view.setUint32(b, value, true);
        b += 4;
        break;
      case CLASS_F64:
        view.setFloat64(c, value, true);
        c += 8;
        break;
    }
  }
  return payload;
}

/**
 * A partial payload in which the series at `indexes` (ascending) are stale and the others are absent.
 * @param n how many series the layout has.
 */
export function encodeStale(n: number, indexes: ArrayLike<number>): Uint8Array {
  const classBytes = (n + 3) >> 2;
  const payload = new Uint8Array(1 + classBytes + 8 * indexes.length);
  payload[0] = PARTIAL;
  const view = new DataView(payload.buffer);
  for (let k = 0; k < indexes.length; k++) {
    const i = indexes[k]!;
    payload[1 + (i >> 2)]! |= CLASS_F64 << ((i & 3) * 2);
    view.setFloat64(1 + classBytes + 8 * k, Number.NaN, true);
  }
  return payload;
}

/**
 * Decodes into `out[0 … n)`; an absent series becomes NaN.
 * The payload must have passed {@link valuesFault} once; this reads without checking.
 */
export function decodeValues(payload: Uint8Array, n: number, out: Float64Array): void {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const sections = sectionsOf(payload, n);
  let { u16, u32, f64 } = sections;
  for (let i = 0; i < n; i++) {
    switch (classAt(payload, i)) {
      case CLASS_U16:
        out[i] = view.getUint16(u16, true);
        u16 += 2;
        break;
      case CLASS_U32:
        out[i] = view.getUint32(u32, true);
        u32 += 4;
        break;
      case CLASS_F64:
        out[i] = view.getFloat64(f64, true);
        f64 += 8;
        break;
      default:
        out[i] = Number.NaN;
    }
  }
}

/** Memory that holds payloads, with both views of it. */
export interface PayloadMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Decodes some of the columns of the payload at `at`: the value of series `columns[k]` goes to
 * `out[first + k * stride]`, NaN when absent.
 * The payload must have passed {@link valuesFault} once; this reads without checking.
 * @param columns ascending.
 */
export function decodeColumns(
  { bytes, view }: PayloadMemory,
  at: number,
  n: number,
  columns: Uint32Array,
  out: Float64Array,
  first: number,
  stride: number,
): void {
  let { u16, u32, f64 } = sectionsOf(bytes, n, at);
  let next = at + 1;
  for (let k = 0, o = first; k < columns.length; k++, o += stride) {
    const i = columns[k]!;
    for (const target = at + 1 + (i >> 2); next < target; next++) {
      const packed = CLASS_COUNTS[bytes[next]!]!;
      u16 += 2 * (packed & 15);
      u32 += 4 * ((packed >> 4) & 15);
      f64 += 8 * (packed >> 8);
    }
    const shift = (i & 3) * 2;
    const byte = bytes[next]!;
    const before = CLASS_COUNTS[byte & ((1 << shift) - 1)]!;
    switch ((byte >> shift) & 3) {
      case CLASS_U16:
        out[o] = view.getUint16(u16 + 2 * (before & 15), true);
        break;
      case CLASS_U32:
        out[o] = view.getUint32(u32 + 4 * ((before >> 4) & 15), true);
        break;
      case CLASS_F64:
        out[o] = view.getFloat64(f64 + 8 * (before >> 8), true);
        break;
      default:
        out[o] = Number.NaN;
    }
  }
}

/** Why a payload from an agent cannot be accepted for a layout of `n` series, or undefined when it can. */
export function valuesFault(payload: Uint8Array, n: number): string | undefined {
  if (payload.length < 1 + ((n + 3) >> 2))
    return `payload of ${payload.length} bytes is too short for ${n} series`;
  if (payload[0] !== COMPLETE) return `payload form ${payload[0]} is not known`;
  if ((n & 3) !== 0 && payload[(n + 3) >> 2]! >> ((n & 3) * 2) !== 0)
    return `payload has values beyond its ${n} series`;
  const { f64, end } = sectionsOf(payload, n);
  if (end !== payload.length) return `payload has ${payload.length} bytes, its classes ask for ${end}`;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  // Infinity and NaN are the values whose eleven exponent bits are all set.
  for (let at = f64 + 6; at < end; at += 8)
    if ((view.getUint16(at, true) & 0x7ff0) === 0x7ff0) return "a value is not finite";
  return undefined;
}

/** The class bits beyond the `n`-th series must be 0, as {@link valuesFault} makes sure. */
function sectionsOf(bytes: Uint8Array, n: number, at = 0): Sections {
  const u16 = at + 1 + ((n + 3) >> 2);
  let count16 = 0;
  let count32 = 0;
  let count64 = 0;
  for (let next = at + 1; next < u16; next++) {
    const packed = CLASS_COUNTS[bytes[next]!]!;
    count16 += packed & 15;
    count32 += (packed >> 4) & 15;
    count64 += packed >> 8;
  }
  const u32 = u16 + 2 * count16;
  const f64 = u32 + 4 * count32;
  return { classes: at + 1, u16, u32, f64, end: f64 + 8 * count64 };
}

/** How many of the `n` series are present. */
export function countValues(payload: Uint8Array, n: number): number {
  let count = 0;
  for (let at = 1, end = 1 + ((n + 3) >> 2); at < end; at++) {
    const packed = CLASS_COUNTS[payload[at]!]!;
    count += (packed & 15) + ((packed >> 4) & 15) + (packed >> 8);
  }
  return count;
}

/** @param at where the payload begins. */
export function classAt(bytes: Uint8Array, i: number, at = 0): number {
  return (bytes[at + 1 + (i >> 2)]! >> ((i & 3) * 2)) & 3;
}

const CLASS_SIZE = [0, 2, 4, 8] as const;

function classOf(value: number): number {
  if (Number.isNaN(value)) return CLASS_ABSENT;
  if (Object.is(value, -0) || !Number.isInteger(value) || value < 0) return CLASS_F64;
  return value < 0x1_0000 ? CLASS_U16 : value < 0x1_0000_0000 ? CLASS_U32 : CLASS_F64;
}

/** For each class byte, how many of its four entries are u16 (bits 0–3), u32 (bits 4–7) and f64 (bits 8–11). */
const CLASS_COUNTS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let packed = 0;
  for (let i = 0; i < 4; i++) {
    const kind = (byte >> (i * 2)) & 3;
    if (kind !== CLASS_ABSENT) packed += 1 << ((kind - 1) * 4);
  }
  return packed;
});

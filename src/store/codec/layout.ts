/** Names for the bits and limits of a chunk; the whole layout is drawn in docs/decisions/050-chunk-format.md. */

/** Bounds what a damaged count can make a reader allocate: 146 samples a second over a 30-minute bucket. */
export const MAX_CHUNK_SAMPLES = 1 << 18;

/** First byte: version in bits 5–7, codec of the values in bits 3–4, then one bit per optional section. */
export const VERSION_MASK = 0b1110_0000;
export const VERSION_1 = 0b0010_0000;
export const CODEC_MASK = 0b0001_1000;
export const CODEC_CONSTANT = 0b0000_0000;
export const CODEC_PACKED = 0b0000_1000;
export const CODEC_DOUBLES = 0b0001_0000;
export const IRREGULAR = 0b0000_0001;
export const HAS_STALE = 0b0000_0010;
/** Must be zero in version 1. */
export const RESERVED_MASK = 0b0000_0100;

/** First byte of packed values. */
export const EXPONENT_MASK = 0b0000_1111;
export const PACKED_DELTAS = 0b0001_0000;
export const PACKED_RESETS = 0b0010_0000;
export const PACKED_FACTOR = 0b0100_0000;
export const PACKED_WIDE_SUMS = 0b1000_0000;

/** First byte of doubles. */
export const DOUBLES_RAW = 0;
export const DOUBLES_PLAIN = 1;
export const DOUBLES_XOR = 2;

/** Chunks with at most this many non-stale samples store no summary: computing it costs less than reading it. */
export const SHORT_CHUNK = 8;

/** Decimal scales that the codec tries: up to nanoseconds in seconds, as cgroup CPU counters have them. */
export const MAX_EXPONENT = 9;
export const POWERS_OF_TEN = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;

/**
 * How many bits Gorilla's XOR encoding (Pelkonen et al., VLDB 2015, 4.1) would take for one block: what Prometheus's
 * chunks are made of. An estimate for comparison: it counts bits and writes none.
 */
export function gorillaBits(timestamps: Float64Array, values: Float64Array): number {
  return timestampBits(timestamps) + valueBits(values);
}

function timestampBits(timestamps: Float64Array): number {
  let bits = 64 + 14;
  for (let i = 2; i < timestamps.length; i++) {
    const change = Math.abs(timestamps[i]! - 2 * timestamps[i - 1]! + timestamps[i - 2]!);
    bits += change === 0 ? 1 : change <= 63 ? 9 : change <= 255 ? 12 : change <= 2047 ? 16 : 36;
  }
  return bits;
}

function valueBits(values: Float64Array): number {
  const words = new Uint32Array(values.slice().buffer);
  let bits = 64;
  let leading = 65;
  let trailing = 65;
  for (let i = 1; i < values.length; i++) {
    const low = (words[2 * i]! ^ words[2 * i - 2]!) >>> 0;
    const high = (words[2 * i + 1]! ^ words[2 * i - 1]!) >>> 0;
    if (low === 0 && high === 0) {
      bits += 1;
      continue;
    }
    const zerosBefore = Math.min(31, high !== 0 ? Math.clz32(high) : 32 + Math.clz32(low));
    const zerosAfter = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(high);
    if (zerosBefore >= leading && zerosAfter >= trailing) {
      bits += 2 + 64 - leading - trailing;
      continue;
    }
    leading = zerosBefore;
    trailing = zerosAfter;
    bits += 2 + 5 + 6 + 64 - leading - trailing;
  }
  return bits;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

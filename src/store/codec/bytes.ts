/** A chunk's bytes contradict its format: damaged, truncated, or from a newer dcmon. */
export class ChunkError extends Error {
  override readonly name = "ChunkError";
}

/** An unsigned varint has at most ten bytes: seven bits each, lowest first, for integers below 2^70. */
const MAX_VARINT_BYTES = 10;
/** A float array, so that the interpreter never takes a product with them for a 32-bit integer. */
const VARINT_UNITS = Float64Array.from({ length: MAX_VARINT_BYTES }, (_, place) => 128 ** place);

/** Appends to a buffer that {@link ByteWriter.reset} makes large enough beforehand: nothing else checks bounds. */
export class ByteWriter {
  bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  at = 0;

  /** Empties the writer and makes room for `capacity` bytes. */
  reset(capacity: number): void {
    this.at = 0;
    if (this.bytes.length >= capacity) return;
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  u8(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** @param value a non-negative integer below 2^63; beyond 2^53 whatever a double can hold. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 0x8000_0000) {
      const higher = Math.floor(rest / 128);
      this.bytes[this.at++] = (rest - higher * 128) | 0x80;
      rest = higher;
    }
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /** Bit 7 of the first byte: more follows; bit 6: negative; bits 0–5: magnitude; then the rest as a varint. */
  signed(value: number): void {
    const magnitude = Math.abs(value);
    const higher = Math.floor(magnitude / 64);
    const sign = value < 0 ? 0x40 : 0;
    this.bytes[this.at++] = (magnitude - higher * 64) | sign | (higher > 0 ? 0x80 : 0);
    if (higher > 0) this.varint(higher);
  }

  f64(value: number): void {
    this.view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  append(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }
}

/** Reads what {@link ByteWriter} wrote. Every read past the end is a {@link ChunkError}. */
export class ByteReader {
  at = 0;
  private dataView: DataView | undefined;

  constructor(readonly bytes: Uint8Array) {}

  get view(): DataView {
    this.dataView ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.dataView;
  }

  u8(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined)
      throw new ChunkError(`chunk ends after ${this.bytes.length} bytes, more were announced`);
    return byte;
  }

  varint(): number {
    const byte = this.u8();
    return byte < 0x80 ? byte : this.longVarint(byte & 0x7f);
  }

  private longVarint(lowest: number): number {
    let value = lowest;
    for (let place = 1; place < MAX_VARINT_BYTES; place++) {
      const byte = this.u8();
      value += (byte & 0x7f) * VARINT_UNITS[place]!;
      if (byte < 0x80) return value;
    }
    throw new ChunkError(`varint at byte ${this.at} has more than ${MAX_VARINT_BYTES} bytes`);
  }

  signed(): number {
    const byte = this.u8();
    const magnitude = (byte & 0x3f) + (byte >= 0x80 ? this.varint() * 64 : 0);
    return byte & 0x40 ? -magnitude : magnitude;
  }

  f64(): number {
    return this.view.getFloat64(this.skip(8), true);
  }

  /** Moves past `length` bytes and returns where they begin. */
  skip(length: number): number {
    const start = this.at;
    if (length > this.bytes.length - start)
      throw new ChunkError(`chunk has ${this.bytes.length - start} bytes left, ${length} were announced`);
    this.at += length;
    return start;
  }

  /** @throws ChunkError when bytes follow the last section. */
  end(): void {
    if (this.at !== this.bytes.length)
      throw new ChunkError(`chunk has ${this.bytes.length} bytes, its sections end at ${this.at}`);
  }
}

/** A Uint32Array that grows by doubling. */
export class GrowableUint32 {
  length = 0;
  private array: Uint32Array;

  constructor(capacity = 4) {
    this.array = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.array.length) this.reserve(this.length + 1);
    this.array[this.length++] = value;
  }

  at(index: number): number {
    return this.array[index]!;
  }

  /** Fills up to `index` with zeros when it lies beyond the end. */
  set(index: number, value: number): void {
    if (index >= this.length) {
      this.reserve(index + 1);
      this.length = index + 1;
    }
    this.array[index] = value;
  }

  /** The filled part; valid until the next write. */
  view(): Uint32Array {
    return this.array.subarray(0, this.length);
  }

  private reserve(needed: number): void {
    if (needed <= this.array.length) return;
    const grown = new Uint32Array(Math.max(needed, this.array.length * 2));
    grown.set(this.array);
    this.array = grown;
  }
}

import type { NumberedReading } from "./frame.ts";

/** What a frame takes beside its payload, roughly. */
const OVERHEAD_BYTES = 100;

/** The newest frames while the disk takes none, oldest first, within a bound. */
export class MemoryRing {
  /** Frames that had to go for newer ones. */
  lost = 0;
  #frames: NumberedReading[] = [];
  #bytes = 0;

  constructor(private readonly maxBytes: number) {}

  get length(): number {
    return this.#frames.length;
  }

  get frames(): readonly NumberedReading[] {
    return this.#frames;
  }

  push(frames: readonly NumberedReading[]): void {
    for (const frame of frames) {
      this.#frames.push(frame);
      this.#bytes += sizeOf(frame);
    }
    let over = 0;
    for (; this.#bytes > this.maxBytes && over < this.#frames.length; over++)
      this.#bytes -= sizeOf(this.#frames[over]!);
    this.#frames.splice(0, over);
    this.lost += over;
  }

  /** Removes the oldest `count`. */
  shift(count: number): void {
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= sizeOf(frame);
  }

  /** Removes those up to a sequence. */
  acknowledge(sequence: number): void {
    const first = this.#frames.findIndex((frame) => frame.sequence > sequence);
    this.shift(first === -1 ? this.#frames.length : first);
  }

  /** Gives the frames new sequences, from `first` on. */
  renumber(first: number): void {
    this.#frames = this.#frames.map((frame, i) => ({ ...frame, sequence: first + i }));
  }
}

function sizeOf(frame: NumberedReading): number {
  return frame.payload.length + OVERHEAD_BYTES;
}

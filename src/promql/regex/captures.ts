import { holds, type Side, sideOf } from "./context.ts";
import type { Instruction } from "./program.ts";

/** A way through the program: where it is, and the positions that it has saved. */
interface Thread {
  readonly place: number;
  readonly saved: readonly number[];
}

/**
 * The positions that the groups of a whole match saved, `[start, end)` at `2i` and `2i + 1` for group i (Pike's
 * method: all ways at once, the preferred ones first). Undefined when the text does not match.
 */
export function matchCaptures(program: readonly Instruction[], text: string): readonly number[] | undefined {
  let threads: Thread[] = [{ place: 0, saved: [] }];
  let before: Side = "edge";
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    const after = sideOf(codePoint);
    const length = codePoint > 0xffff ? 2 : 1;
    const next: Thread[] = [];
    for (const { place, saved } of reach(program, threads, i, before, after)) {
      const instruction = program[place]!;
      if (instruction.op === "character" && instruction.accepts(codePoint))
        next.push({ place: place + 1, saved });
    }
    if (next.length === 0) return undefined;
    threads = next;
    before = after;
    i += length;
  }
  const ends = reach(program, threads, text.length, before, "edge");
  return ends.find(({ place }) => program[place]!.op === "match")?.saved;
}

/** The threads that wait for a character, or have matched, in order of preference. */
function reach(
  program: readonly Instruction[],
  threads: readonly Thread[],
  position: number,
  before: Side,
  after: Side,
): Thread[] {
  const seen = new Set<number>();
  const waiting: Thread[] = [];
  const pending = threads.toReversed();
  for (let thread = pending.pop(); thread; thread = pending.pop()) {
    const { place, saved } = thread;
    if (seen.has(place)) continue;
    seen.add(place);
    const instruction = program[place]!;
    switch (instruction.op) {
      case "split":
        pending.push({ place: instruction.second, saved }, { place: instruction.first, saved });
        break;
      case "jump":
        pending.push({ place: instruction.target, saved });
        break;
      case "save": {
        const next = saved.slice();
        next[instruction.slot] = position;
        pending.push({ place: place + 1, saved: next });
        break;
      }
      case "assertion":
        if (holds(instruction.assertion, before, after)) pending.push({ place: place + 1, saved });
        break;
      case "character":
      case "match":
        waiting.push(thread);
        break;
      default:
        instruction satisfies never;
    }
  }
  return waiting;
}

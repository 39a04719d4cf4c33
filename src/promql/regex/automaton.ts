import { holds, type Side, sideOf } from "./context.ts";
import type { Instruction } from "./program.ts";

/** Places in remembered states; past this many the memory is emptied and filled anew. */
const MAX_REMEMBERED = 500_000;

/** The places in the program that are reached at a position, before what needs no character is followed. */
interface State {
  readonly places: readonly number[];
  readonly before: Side;
  readonly next: Map<number, State>;
  accepts: boolean | undefined;
}

/**
 * Answers whether a text matches as a whole, in time proportional to its length: the sets of places that texts lead to
 * are worked out once and remembered (a lazily built deterministic automaton).
 */
export class Automaton {
  readonly #program: readonly Instruction[];
  #states = new Map<string, State>();
  #remembered = 0;

  constructor(program: readonly Instruction[]) {
    this.#program = program;
  }

  matches(text: string): boolean {
    let state = this.#state([0], "edge");
    for (let i = 0; i < text.length; ) {
      const codePoint = text.codePointAt(i) as number;
      i += codePoint > 0xffff ? 2 : 1;
      const known = state.next.get(codePoint);
      const next: State = known ?? this.#step(state, codePoint);
      if (!known) state.next.set(codePoint, next);
      if (next.places.length === 0) return false;
      state = next;
    }
    state.accepts ??= this.#reach(state, "edge").some((place) => this.#program[place]!.op === "match");
    return state.accepts;
  }

  #step(state: State, codePoint: number): State {
    const side = sideOf(codePoint);
    const places: number[] = [];
    for (const place of this.#reach(state, side)) {
      const instruction = this.#program[place]!;
      if (instruction.op === "character" && instruction.accepts(codePoint)) places.push(place + 1);
    }
    return this.#state(places, side);
  }

  #state(places: number[], before: Side): State {
    const key = `${before} ${places.sort((a, b) => a - b).join(" ")}`;
    const known = this.#states.get(key);
    if (known) return known;
    this.#remembered += 1 + places.length;
    if (this.#remembered > MAX_REMEMBERED) {
      this.#states = new Map();
      this.#remembered = 0;
    }
    const state: State = { places, before, next: new Map(), accepts: undefined };
    this.#states.set(key, state);
    return state;
  }

  /** The places that wait for a character, or the match, with `after` next. */
  #reach({ places, before }: State, after: Side): number[] {
    const seen = new Set<number>();
    const waiting: number[] = [];
    const pending = [...places];
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const instruction = this.#program[place]!;
      switch (instruction.op) {
        case "split":
          pending.push(instruction.first, instruction.second);
          break;
        case "jump":
          pending.push(instruction.target);
          break;
        case "save":
          pending.push(place + 1);
          break;
        case "assertion":
          if (holds(instruction.assertion, before, after)) pending.push(place + 1);
          break;
        case "character":
        case "match":
          waiting.push(place);
          break;
        default:
          instruction satisfies never;
      }
    }
    return waiting;
  }
}

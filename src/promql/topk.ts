import { executionError } from "./error.ts";
import type { Group } from "./group.ts";
import { type Column, type Context, emptyColumn } from "./value.ts";

/**
 * topk() and bottomk(): the series themselves, at each step only the `k` best of each group. Equal values stay in the
 * order of the input. At a single step the result is ordered, best first.
 * @throws QueryError ("execution") when `k` is NaN or beyond 64 bits.
 */
export function selectK(
  largest: boolean,
  groups: readonly Group[],
  total: number,
  k: Float64Array,
  context: Context,
): Column[] {
  requireCount(k);
  const results: Column[] = [];
  for (const { columns } of groups) {
    const chosen = columns.map((column) => emptyColumn(column.labels, context));
    const best = new Best(columns, largest);
    for (let i = 0; i < k.length; i++) {
      context.budget.work(columns.length);
      for (const index of best.at(i, Math.min(total, Math.trunc(k[i]!)))) {
        const to = chosen[index]!;
        to.values[i] = columns[index]!.values[i]!;
        to.present[i] = 1;
      }
    }
    const order = context.grid.count === 1 ? best.ordered() : chosen.keys();
    for (const index of order) if (chosen[index]!.present.includes(1)) results.push(chosen[index]!);
  }
  return results;
}

/** The indexes of the best columns at a step, kept in a heap whose root is the worst of them. */
class Best {
  readonly #columns: readonly Column[];
  readonly #largest: boolean;
  #heap: number[] = [];
  #step = 0;

  constructor(columns: readonly Column[], largest: boolean) {
    this.#columns = columns;
    this.#largest = largest;
  }

  at(step: number, k: number): readonly number[] {
    this.#step = step;
    this.#heap = [];
    if (k < 1) return this.#heap;
    for (let index = 0; index < this.#columns.length; index++) {
      if (this.#columns[index]!.present[step] === 0) continue;
      if (this.#heap.length < k) {
        this.#heap.push(index);
        this.#rise(this.#heap.length - 1);
      } else if (this.#isWorse(this.#heap[0]!, index)) {
        this.#heap[0] = index;
        this.#sink();
      }
    }
    return this.#heap;
  }

  /** Those of the last step, best first. */
  ordered(): number[] {
    return [...this.#heap].sort((a, b) => (this.#isWorse(a, b) ? 1 : -1));
  }

  #isWorse(a: number, b: number): boolean {
    const x = this.#columns[a]!.values[this.#step]!;
    const y = this.#columns[b]!.values[this.#step]!;
    const nan = Number.isNaN(x);
    if (x === y || (nan && Number.isNaN(y))) return a > b;
    if (nan || Number.isNaN(y)) return nan;
    return this.#largest ? x < y : x > y;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isWorse(heap[child]!, heap[parent]!)) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let parent = 0; ; ) {
      let worst = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2])
        if (child < heap.length && this.#isWorse(heap[child]!, heap[worst]!)) worst = child;
      if (worst === parent) return;
      [heap[worst], heap[parent]] = [heap[parent]!, heap[worst]!];
      parent = worst;
    }
  }
}

function requireCount(k: Float64Array): void {
  if (k.every((value) => value < 1)) return;
  for (const value of k) {
    if (Number.isNaN(value)) throw executionError("Parameter value is NaN");
    if (Math.abs(value) >= 2 ** 63)
      throw executionError(`Scalar value ${value} ${value > 0 ? "overflows" : "underflows"} int64`);
  }
}

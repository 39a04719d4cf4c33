/** A sum with Neumaier's compensation, as Prometheus adds: the order of the addends hardly matters to the result. */
export class KahanSum {
  sum = 0;
  compensation = 0;

  reset(sum = 0): void {
    this.sum = sum;
    this.compensation = 0;
  }

  add(value: number): void {
    const { sum } = this;
    const next = sum + value;
    if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) this.compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.compensation += sum - next + value;
    else this.compensation += value - next + sum;
    this.sum = next;
  }

  get total(): number {
    return Number.isFinite(this.sum) ? this.sum + this.compensation : this.sum;
  }
}

/** The mean of `values[from … to)`; of finite values finite, even when their sum is not. */
export function mean(values: Float64Array, from: number, to: number): number {
  const sum = new KahanSum();
  for (let i = from; i < to; i++) sum.add(values[i]!);
  if (Number.isFinite(sum.sum)) return sum.total / (to - from);
  let result = values[from]!;
  for (let i = from + 1; i < to; i++) {
    const n = i - from + 1;
    result = result * ((n - 1) / n) + values[i]! / n;
  }
  return result;
}

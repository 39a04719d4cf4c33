import type { Store } from "../store/store.ts";

export interface VectorSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

interface MatrixSeries {
  readonly metric: Readonly<Record<string, string>>;
  /** One for each step of the range; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

/** Asks for one instant. @throws Error with the query's own message when it fails. */
export async function queryVector(
  store: Pick<Store, "query">,
  expression: string,
  time: number,
): Promise<VectorSample[]> {
  const result = await read<[number, string]>(store, expression, { kind: "instant", time });
  return result.map(({ metric, value }) => ({ metric, value: Number(value![1]) }));
}

/** Asks for a range, times in milliseconds. @throws Error with the query's own message when it fails. */
export async function queryMatrix(
  store: Pick<Store, "query">,
  expression: string,
  range: { start: number; end: number; step: number },
): Promise<MatrixSeries[]> {
  const result = await read<[number, string]>(store, expression, { kind: "range", ...range });
  const steps = Math.floor((range.end - range.start) / range.step) + 1;
  return result.map(({ metric, values: points }) => {
    const values = new Array<number | undefined>(steps).fill(undefined);
    for (const [seconds, value] of points!)
      values[Math.round((seconds * 1000 - range.start) / range.step)] = Number(value);
    return { metric, values };
  });
}

interface ResultItem<Point> {
  metric: Record<string, string>;
  value?: Point;
  values?: Point[];
}

async function read<Point>(
  store: Pick<Store, "query">,
  expression: string,
  params: Parameters<Store["query"]>[1],
): Promise<ResultItem<Point>[]> {
  const outcome = await store.query(expression, params);
  if (!outcome.ok) throw new Error(`Cannot evaluate ${expression}: ${outcome.error.message}`);
  const data = JSON.parse(new TextDecoder().decode(outcome.json)) as { result: ResultItem<Point>[] };
  return data.result;
}

import type { PrometheusAnswer } from "./real_prometheus.ts";

type Point = readonly [time: number, value: string];
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

const RELATIVE_TOLERANCE = 1e-9;
/** For results near zero that are differences of much larger numbers. */
const ABSOLUTE_TOLERANCE = 1e-12;

export function isEmpty(answer: PrometheusAnswer): boolean {
  return answer.status === "success" && Array.isArray(answer.data.result) && answer.data.result.length === 0;
}

/** What distinguishes two answers as sets of series, in words; undefined when nothing does. Messages may differ. */
export function differenceOf(theirs: PrometheusAnswer, ours: PrometheusAnswer): string | undefined {
  if (theirs.status === "error" || ours.status === "error") {
    if (theirs.status === ours.status) return undefined;
    return theirs.status === "error"
      ? `they refuse: ${theirs.error}`
      : `we refuse: ${(ours as { error: string }).error}`;
  }
  if (theirs.data.resultType !== ours.data.resultType)
    return `they answer a ${theirs.data.resultType}, we a ${ours.data.resultType}`;
  const expected = pointsBySeries(theirs.data);
  const actual = pointsBySeries(ours.data);
  for (const key of expected.keys()) if (!actual.has(key)) return `we lack ${key}`;
  for (const [key, points] of actual) {
    const wanted = expected.get(key);
    if (!wanted) return `we have ${key} beyond theirs`;
    const at = points.findIndex((point, i) => !samePoint(wanted[i], point));
    if (at >= 0 || points.length !== wanted.length)
      return `${key}: ${wanted.length} points and ${points.length} of ours; theirs ${wanted[at]}, ours ${points[at]}`;
  }
  return undefined;
}

function pointsBySeries({
  resultType,
  result,
}: {
  resultType: string;
  result: unknown;
}): Map<string, readonly Point[]> {
  if (resultType === "scalar" || resultType === "string") return new Map([["", [result as Point]]]);
  const entries = (result as Series[]).map(({ metric, value, values }): [string, readonly Point[]] => [
    JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
    values ?? [value as Point],
  ]);
  const series = new Map(entries);
  if (series.size !== entries.length) throw new Error("an answer has the same labels twice");
  return series;
}

function samePoint(a: Point | undefined, b: Point): boolean {
  if (!a || a[0] !== b[0]) return false;
  if (a[1] === b[1]) return true;
  const x = Number(a[1].replace("Inf", "Infinity"));
  const y = Number(b[1].replace("Inf", "Infinity"));
  return Math.abs(x - y) <= RELATIVE_TOLERANCE * Math.max(Math.abs(x), Math.abs(y)) + ABSOLUTE_TOLERANCE;
}

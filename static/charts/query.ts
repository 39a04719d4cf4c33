/** One series of a range query's answer. */
export interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>;
  /** [seconds, value as text], ascending; steps without a value are left out. */
  readonly values: readonly (readonly [number, string])[];
}

/** The server answered, and what it said is an error. */
export class QueryFailed extends Error {
  override readonly name = "QueryFailed";
}

/** The session has ended: only a new login helps. */
export class LoggedOut extends Error {
  override readonly name = "LoggedOut";
}

/** Times and step in milliseconds. @throws QueryFailed, LoggedOut, TypeError when the server does not answer. */
export async function queryRange(
  url: string,
  expression: string,
  range: { start: number; end: number; step: number },
  signal: AbortSignal,
): Promise<RangeSeries[]> {
  const parameters = new URLSearchParams({
    query: expression,
    start: String(range.start / 1000),
    end: String(range.end / 1000),
    step: String(range.step / 1000),
  });
  const response = await fetch(`${url}?${parameters}`, { signal, credentials: "same-origin" });
  if (response.status === 401) throw new LoggedOut("The session has ended.");
  const answer: { status: string; error?: string; data?: { result: RangeSeries[] } } = await response.json();
  if (!response.ok || answer.data === undefined)
    throw new QueryFailed(answer.error ?? `HTTP ${response.status}`);
  return answer.data.result;
}

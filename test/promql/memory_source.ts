import { type Labels, labelsOf, labelValue } from "../../src/metrics/labels.ts";
import { matcherTest } from "../../src/promql/matcher.ts";
import type { Matcher, SeriesSamples, Source } from "../../src/promql/source.ts";

/** A source over arrays. Remembers what it was asked for. */
export class MemorySource implements Source {
  readonly asked: { matchers: readonly Matcher[]; start: number; end: number }[] = [];
  readonly #series: readonly SeriesSamples[];

  constructor(series: readonly SeriesSamples[]) {
    this.#series = series;
  }

  async select(matchers: readonly Matcher[], start: number, end: number): Promise<SeriesSamples[]> {
    this.asked.push({ matchers, start, end });
    const tests = matchers.map((matcher) => ({ name: matcher.name, test: matcherTest(matcher) }));
    return this.#series
      .filter(({ labels }) => tests.every(({ name, test }) => test(labelValue(labels, name))))
      .map(({ labels, timestamps, values }) => {
        const inside = (_: number, i: number): boolean => timestamps[i]! >= start && timestamps[i]! <= end;
        return { labels, timestamps: timestamps.filter(inside), values: values.filter(inside) };
      })
      .filter(({ timestamps }) => timestamps.length > 0);
  }
}

/** `x{a="1"}` as labels; values must not contain commas. */
export function labels(text: string): Labels {
  const [, name, pairs] = /^([^{]*)(?:\{(.*)\})?$/.exec(text) as unknown as [
    string,
    string,
    string | undefined,
  ];
  const rest = (pairs ?? "").split(",").filter((pair) => pair !== "");
  return labelsOf([
    ["__name__", name],
    ...rest.map((pair) => {
      const [label, value] = pair.split("=") as [string, string];
      return [label.trim(), value.replace(/^"|"$/g, "")] as const;
    }),
  ]);
}

/** A series with a sample every `interval` seconds from `from` on; undefined is a missing sample, NaN a stale marker. */
export function series(
  text: string,
  values: readonly (number | undefined)[],
  { interval = 10, from = 0 } = {},
): SeriesSamples {
  const samples = values.flatMap((value, i) =>
    value === undefined ? [] : [[(from + i * interval) * 1000, value]],
  );
  return {
    labels: labels(text),
    timestamps: Float64Array.from(samples, ([time]) => time!),
    values: Float64Array.from(samples, ([, value]) => value!),
  };
}

import { expect, test } from "bun:test";
import { labelsOf } from "../../src/metrics/labels.ts";
import { parseMatchers } from "../../src/promql/matchers.ts";
import { Head } from "../../src/store/head/head.ts";
import { SeriesIndex } from "../../src/store/index/series_index.ts";
import { Selector } from "../../src/store/selector.ts";

const SERIES = 10_000;

function selectorOver(series: number, maxSeries: number): Selector {
  const index = new SeriesIndex();
  for (let i = 0; i < series; i++)
    index.add(
      labelsOf([
        ["__name__", "m"],
        ["i", String(i)],
      ]),
      1,
    );
  return new Selector(index, new Head(1000, () => {}), maxSeries);
}

const noRegexes = () => Promise.reject(new Error("no regular expression is asked for"));

test("selectors that overlap leave the main thread free in between", async () => {
  const selector = selectorOver(SERIES, SERIES);
  const sets = Array.from({ length: 64 }, (_, i) => parseMatchers(`m{i!="${i}"}`));
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  const series = await selector.series(sets, noRegexes);
  clearInterval(counting);
  expect(series.length).toBe(SERIES);
  expect(turns).toBeGreaterThan(5);
});

test("series and labels hold to the limit of queries, over all their selectors", async () => {
  const selector = selectorOver(100, 60);
  const half = Array.from({ length: 60 }, (_, i) => parseMatchers(`m{i="${i}"}`));
  expect((await selector.series(half, noRegexes)).length).toBe(60);
  const all = [...half, parseMatchers("m")];
  for (const answer of [
    () => selector.series(all, noRegexes),
    () => selector.labelNames(all, noRegexes),
    () => selector.labelValues("i", all, noRegexes),
  ])
    await expect(answer()).rejects.toThrow(
      "selects too many series: at most 60 are allowed, this one selects more",
    );
  expect((await selector.labelNames([], noRegexes)).length).toBe(2);
});

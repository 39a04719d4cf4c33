import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { formatLabels } from "../../src/metrics/labels.ts";
import { parseMatchers } from "../../src/promql/matchers.ts";
import type { QueryFailure } from "../../src/store/types.ts";
import { until } from "../support/until.ts";
import { BUCKET_MS, layoutOf, StoreFixture, T0 } from "./fixture.ts";

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await StoreFixture.open({ queryTimeoutMs: 300, limits: { querySamples: 300, querySeries: 50 } });
  for (const [i, instance] of ["a", "b", "node-10"].entries()) {
    const sender = fixture.sender(i + 1, layoutOf(instance, ["load", "temp", ...numbered(30)]));
    for (let t = 0; t <= 2 * BUCKET_MS; t += 10_000)
      sender.send(
        T0 + t,
        Array.from({ length: 32 }, (_, k) => i * 100 + k + t / 1000),
      );
    await sender.settled();
  }
  await until(() => fixture.store.stats().blocksSealed === 6, "the seals");
});
afterAll(() => fixture.remove());

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `x${i}`);
}

/** A thousand letters a and b, without a pattern. */
function scrambled(seed: number): string {
  return Array.from({ length: 1000 }, (_, i) => (Bun.hash(`${seed} ${i}`) % 2n === 0n ? "a" : "b")).join("");
}

async function failure(query: string, time = fixture.clock.now()): Promise<QueryFailure> {
  const outcome = await fixture.store.query(query, { kind: "instant", time });
  if (outcome.ok) throw new Error(`${query} has an answer`);
  return outcome.error;
}

describe("query()", () => {
  test("reads sealed and open buckets as one", async () => {
    expect(await fixture.vector('sum_over_time(load{instance="a"}[3m])')).toEqual({ a: 780 });
    expect(await fixture.vector("load")).toEqual({ a: 120, b: 220, "node-10": 320 });
    expect(await fixture.vector('sum(load{instance=~"a|b"})')).toEqual({ "": 340 });
    expect(await fixture.vector('load{instance=~"node-[0-9]+"}')).toEqual({ "node-10": 320 });
    expect(await fixture.vector('load{instance!~"node-.*"} + temp')).toEqual({ a: 241, b: 441 });
    expect(await fixture.vector('load{nothing=""}')).toEqual({ a: 120, b: 220, "node-10": 320 });
    expect(await fixture.vector('load{nothing="here"}')).toEqual({});
  });

  test("reads a range, trimmed to what it asks for", async () => {
    const outcome = await fixture.store.query('load{instance="b"}', {
      kind: "range",
      start: T0 + 50_000,
      end: T0 + 70_000,
      step: 10_000,
    });
    if (!outcome.ok) throw new Error(outcome.error.message);
    const { resultType, result } = JSON.parse(new TextDecoder().decode(outcome.json));
    expect(resultType).toBe("matrix");
    expect(result[0].values.map(([, value]: [number, string]) => value)).toEqual(["150", "160", "170"]);
  });

  test("says what is wrong and where", async () => {
    expect(await failure("sum(load")).toMatchObject({ kind: "bad_data", position: { line: 1 } });
    expect(await failure('load{instance=~"("}')).toMatchObject({ kind: "bad_data" });
    expect((await failure('{__name__=~".+"}')).message).toContain(
      "at most 50 are allowed, this one selects 96",
    );
    expect((await failure('{instance="a",__name__=~"x.+"}[3m]')).message).toContain("too many samples");
  });

  test("that overruns its time is ended with its worker, and the one that waits is answered", async () => {
    const hostile = Array.from({ length: 150 }, (_, i) =>
      fixture.sender(10 + i, layoutOf(scrambled(i), ["victim"])),
    );
    for (const sender of hostile) sender.send(fixture.clock.now(), [1]);
    await hostile.at(-1)!.settled();
    // Linear in text times expression, and still tens of milliseconds for each value.
    const [overrun, waiting] = await Promise.all([
      failure('{instance=~"(.*a.{900})b|(.*aa.{800}c)"}'),
      fixture.vector('load{instance="a"}'),
    ]);
    expect(overrun).toEqual({ kind: "timeout", message: "query timed out: at most 0.3 s are allowed" });
    expect(waiting).toEqual({ a: 120 });
  });
});

describe("series(), labelNames() and labelValues()", () => {
  test("answer for any of the sets of matchers", async () => {
    const sets = [parseMatchers('load{instance="a"}'), parseMatchers('{__name__="temp",instance=~"a|b"}')];
    expect((await fixture.store.series(sets)).map(formatLabels).sort()).toEqual([
      'load{instance="a",job="node"}',
      'temp{instance="a",job="node"}',
      'temp{instance="b",job="node"}',
    ]);
    expect(await fixture.store.labelValues("instance", sets)).toEqual(["a", "b"]);
    expect(await fixture.store.labelNames(sets)).toEqual(["__name__", "instance", "job"]);
  });

  test("without matchers answer for all series", async () => {
    expect(await fixture.store.labelNames([])).toEqual(["__name__", "instance", "job"]);
    expect(await fixture.store.labelValues("job", [])).toEqual(["node"]);
    expect(await fixture.store.labelValues("unheard_of", [])).toEqual([]);
    expect(await fixture.store.series([parseMatchers('{instance=~".*-.*"}')])).toHaveLength(32);
  });

  test("refuse an expression that is not valid", async () => {
    const matcher = { name: "instance", op: "=~", value: "(" } as const;
    expect(fixture.store.series([[matcher]])).rejects.toThrow("invalid regular expression");
  });
});

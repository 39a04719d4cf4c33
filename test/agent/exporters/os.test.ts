import { describe, expect, test } from "bun:test";
import { NoData } from "../../../src/agent/exporters/exporter.ts";
import type { Collector } from "../../../src/agent/exporters/os/collector.ts";
import { sample } from "../../../src/agent/exporters/os/text.ts";
import { composeOs, createOs, Troubles } from "../../../src/agent/exporters/os.ts";
import { Host } from "../../../src/agent/host.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { recordingLogger } from "../../support/recording_logger.ts";
import { FakeTime } from "../fake_time.ts";

function setUp(answers: Record<string, (run: number) => number | Error>) {
  const time = new FakeTime(0);
  const { log, lines } = recordingLogger();
  const runs: Record<string, number> = {};
  const collectors = Object.entries(answers).map(
    ([name, answer]): Collector => ({
      name,
      collect() {
        runs[name] = (runs[name] ?? 0) + 1;
        const value = answer(runs[name]);
        if (value instanceof Error) throw value;
        return [sample(name, value)];
      },
    }),
  );
  const os = composeOs(collectors, new Troubles(log));
  const host = new Host({ clock: time });
  const collect = async () => {
    const samples = await os.collect(host, new AbortController().signal);
    return Object.fromEntries(
      samples
        .filter(({ name }) => !name.endsWith("duration_seconds"))
        .map(({ name, labels, value }) => [
          labels[0]?.[1] === undefined ? name : `success ${labels[0][1]}`,
          value,
        ]),
    );
  };
  return { time, collect, lines, runs };
}

describe("the os exporter", () => {
  test("a failing collector loses only its own samples, and is logged once per change", async () => {
    const { collect, lines } = setUp({
      a: () => 1,
      b: (run) => (run < 3 ? new Error("EIO") : 2),
      c: () => 3,
    });
    expect(await collect()).toEqual({ a: 1, "success a": 1, "success b": 0, c: 3, "success c": 1 });
    await collect();
    expect(await collect()).toMatchObject({ b: 2, "success b": 1 });
    expect(lines).toEqual([
      "warn os: collector gives nothing name=b reason=EIO",
      "info os: collector answers again name=b",
    ]);
  });

  test("what this machine does not have is no failure, and is looked for again after five minutes", async () => {
    const { time, collect, lines, runs } = setUp({ md: (run) => (run === 1 ? new NoData("no arrays") : 1) });
    expect(await collect()).toEqual({ "success md": 0 });
    await collect();
    expect(runs.md).toBe(1);
    await time.advance(300_000);
    expect(await collect()).toEqual({ md: 1, "success md": 1 });
    expect(lines).toEqual([]);
  });

  test("ends between two collectors when told to", async () => {
    const os = composeOs([{ name: "a", collect: () => [] }], new Troubles(recordingLogger().log));
    const run = os.collect(new Host({ clock: systemClock }), AbortSignal.abort(new Error("too late")));
    await expect(run).rejects.toThrow("too late");
  });

  test("a collection on this machine costs little and repeats no series", async () => {
    const { log, lines } = recordingLogger();
    const os = createOs({ log, complete: false });
    const host = new Host({ clock: systemClock });
    const signal = new AbortController().signal;
    for (let i = 0; i < 20; i++) await os.collect(host, signal);
    const before = process.cpuUsage();
    for (let i = 0; i < 100; i++) await os.collect(host, signal);
    const { user, system } = process.cpuUsage(before);
    console.info(`os: ${((user + system) / 100_000).toFixed(2)} ms CPU a collection`);
    const samples = await os.collect(host, signal);
    const series = new Set(samples.map(({ name, labels }) => JSON.stringify([name, labels])));
    expect(series.size).toBe(samples.length);
    expect(lines).toEqual([]);
  });
});

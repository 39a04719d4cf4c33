import { describe, expect, test } from "bun:test";
import { type Exporter, NoData, type Sample } from "../../src/agent/exporters/exporter.ts";
import { Host } from "../../src/agent/host.ts";
import { type Collection, Scheduler } from "../../src/agent/scheduler.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { recordingLogger } from "../support/recording_logger.ts";
import { until } from "../support/until.ts";
import { FakeTime } from "./fake_time.ts";

const START = 1_700_000_000_000;
const ONE: Sample[] = [{ name: "x", labels: [], value: 1 }];

type Answer = Sample[] | Error | Promise<Sample[]>;

/** A scheduler on fake time whose exporters answer what `answers` says. */
function setUp(
  answers: Record<string, (run: number) => Answer>,
  options = { intervalMs: 5000, timeoutMs: 4000 },
) {
  const time = new FakeTime(START);
  const collections: Collection[] = [];
  const { log, lines } = recordingLogger();
  const signals: AbortSignal[] = [];
  const exporters = Object.entries(answers).map(([name, answer]) => {
    let runs = 0;
    const exporter: Exporter = {
      name,
      async collect(_host, signal) {
        signals.push(signal);
        const result = answer(runs++);
        if (result instanceof Error) throw result;
        return result;
      },
    };
    return { exporter, ...options };
  });
  const scheduler = new Scheduler({
    exporters,
    host: new Host({ clock: time }),
    phaseOf: () => 1234,
    log,
    onCollection: (collection) => collections.push(collection),
    timers: time,
  });
  const of = (name: string) => collections.filter(({ exporter }) => exporter === name);
  const times = (name: string) => of(name).map(({ timestamp }) => timestamp - START);
  return { time, scheduler, collections, of, times, lines, signals };
}

function valueIn(collection: Collection | undefined, name: string): number | undefined {
  return collection?.samples.find((sample) => sample.name === name)?.value;
}

const never = () => new Promise<Sample[]>(() => {});

describe("Scheduler", () => {
  test("stamps every collection with its grid time, exactly regular", async () => {
    const { time, scheduler, times } = setUp({ os: () => ONE });
    scheduler.start();
    await time.advance(21_000);
    expect(times("os")).toEqual([1234, 6234, 11_234, 16_234]);
  });

  test("adds duration, success and missed ticks to every collection", async () => {
    const { time, scheduler, collections } = setUp({ os: () => ONE });
    scheduler.start();
    await time.advance(5000);
    expect(collections[0]).toEqual({
      exporter: "os",
      intervalMs: 5000,
      timestamp: START + 1234,
      durationMs: 0,
      success: true,
      samples: [
        ...ONE,
        { name: "dcmon_exporter_duration_seconds", labels: [["exporter", "os"]], value: 0 },
        { name: "dcmon_exporter_success", labels: [["exporter", "os"]], value: 1 },
        { name: "dcmon_exporter_ticks_missed_total", labels: [["exporter", "os"]], value: 0 },
      ],
    });
  });

  test("never runs an exporter twice at once: ticks during a run are missed and counted", async () => {
    const answer = Promise.withResolvers<Sample[]>();
    const { time, scheduler, of, times } = setUp(
      { slow: (run) => (run === 0 ? answer.promise : ONE) },
      { intervalMs: 5000, timeoutMs: 60_000 },
    );
    scheduler.start();
    await time.advance(15_000);
    answer.resolve(ONE);
    await time.advance(5000);
    expect(times("slow")).toEqual([1234, 16_234]);
    expect(valueIn(of("slow")[1], "dcmon_exporter_ticks_missed_total")).toBe(2);
  });

  test("a hanging exporter is abandoned at its timeout, told so, and disturbs no other", async () => {
    const { time, scheduler, of, times, signals, lines } = setUp({ hangs: never, works: () => ONE });
    scheduler.start();
    await time.advance(21_000);
    expect(times("works")).toEqual([1234, 6234, 11_234, 16_234]);
    expect(times("hangs")).toEqual([1234, 6234, 11_234, 16_234]);
    expect(of("hangs").map(({ success }) => success)).toEqual([false, false, false, false]);
    expect(valueIn(of("hangs")[0], "dcmon_exporter_duration_seconds")).toBe(4);
    expect(valueIn(of("hangs")[3], "dcmon_exporter_duration_seconds")).toBe(15);
    expect(signals[0]?.aborted).toBeTrue();
    expect(lines).toEqual(["error collection failed exporter=hangs reason=not finished within 4000 ms"]);
  });

  test("an abandoned run that ends late gives nothing, and the exporter runs again", async () => {
    const answer = Promise.withResolvers<Sample[]>();
    const { time, scheduler, of, lines } = setUp({ late: (run) => (run === 0 ? answer.promise : ONE) });
    scheduler.start();
    await time.advance(7000);
    answer.resolve([{ name: "old", labels: [], value: 1 }]);
    await time.advance(5000);
    expect(of("late").map(({ success }) => success)).toEqual([false, false, true]);
    expect(of("late").some((collection) => valueIn(collection, "old") !== undefined)).toBeFalse();
    expect(lines.at(-1)).toBe("info collects again exporter=late");
  });

  test("a failure is logged once per change, not every tick", async () => {
    const reasons = ["EIO", "EIO", "EIO", "ENOSPC", "ENOSPC", "", "EIO"];
    const { time, scheduler, of, lines } = setUp({
      os: (run) => (reasons[run] ? new Error(reasons[run]) : ONE),
    });
    scheduler.start();
    await time.advance(35_000);
    expect(of("os").map(({ success }) => success)).toEqual([false, false, false, false, false, true, false]);
    expect(lines).toEqual([
      "error collection failed exporter=os reason=EIO",
      "error collection failed exporter=os reason=ENOSPC",
      "info collects again exporter=os",
      "error collection failed exporter=os reason=EIO",
    ]);
  });

  test("what does not exist is said once, is no collection, and is looked for again after five minutes", async () => {
    let runs = 0;
    const { time, scheduler, collections, lines } = setUp({
      ipmi: (run) => {
        runs++;
        return run < 2 ? new NoData("no BMC") : ONE;
      },
    });
    scheduler.start();
    await time.advance(299_000);
    expect(runs).toBe(1);
    await time.advance(400_000);
    expect(runs).toBeGreaterThan(2);
    expect(lines).toEqual([
      "info nothing to collect, will look again exporter=ipmi minutes=5 reason=no BMC",
      "info collects again exporter=ipmi",
    ]);
    expect(collections[0]?.success).toBeTrue();
  });

  test("what was there and is gone is a failure", async () => {
    const { time, scheduler, of, lines } = setUp({ gpu: (run) => (run === 0 ? ONE : new NoData("no GPU")) });
    scheduler.start();
    await time.advance(10_000);
    expect(of("gpu").map(({ success }) => success)).toEqual([true, false]);
    expect(lines).toEqual(["error collection failed exporter=gpu reason=no GPU"]);
  });

  test("a listener that throws stops nothing", async () => {
    const time = new FakeTime(START);
    let heard = 0;
    const { log, lines } = recordingLogger();
    const scheduler = new Scheduler({
      exporters: [{ exporter: { name: "os", collect: async () => ONE }, intervalMs: 1000, timeoutMs: 500 }],
      host: new Host({ clock: time }),
      phaseOf: () => 0,
      log,
      timers: time,
      onCollection() {
        heard++;
        throw new Error("spool is closed");
      },
    });
    scheduler.start();
    await time.advance(3000);
    expect(heard).toBe(3);
    expect(lines[0]).toBe("error a collection could not be taken over exporter=os reason=spool is closed");
  });

  test("nothing is reported after stop", async () => {
    const answer = Promise.withResolvers<Sample[]>();
    const { time, scheduler, collections, signals } = setUp({ os: () => answer.promise });
    scheduler.start();
    await time.advance(2000);
    scheduler.stop();
    expect(signals[0]?.aborted).toBeTrue();
    answer.resolve(ONE);
    await time.advance(20_000);
    expect(collections).toEqual([]);
  });
});

describe("Scheduler, when time is not regular", () => {
  test("a clock set forward causes no storm and no missed ticks", async () => {
    const { time, scheduler, times, of } = setUp({ os: () => ONE });
    scheduler.start();
    await time.advance(7000);
    time.set(3_600_000);
    await time.advance(11_000);
    const hour = 3_600_000;
    expect(times("os")).toEqual([1234, 6234, hour + 11_234, hour + 16_234]);
    expect(valueIn(of("os").at(-1), "dcmon_exporter_ticks_missed_total")).toBe(0);
  });

  test("a clock set back a little is waited for: timestamps go on rising", async () => {
    const { time, scheduler, times, lines } = setUp({ os: () => ONE });
    scheduler.start();
    await time.advance(12_000);
    time.set(-60_000);
    await time.advance(80_000);
    const seen = times("os");
    expect(seen.slice(0, 3)).toEqual([1234, 6234, 11_234]);
    expect(seen[3]).toBe(16_234);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    expect(lines).toEqual([
      "info the clock was set back, waiting until it has passed the last timestamp exporter=os seconds=55",
      "info collects again exporter=os",
    ]);
  });

  test("a clock set back by a fraction of the interval repeats nothing", async () => {
    const { time, scheduler, times } = setUp({ os: () => ONE });
    scheduler.start();
    await time.advance(6300);
    time.set(-200);
    await time.advance(10_000);
    expect(times("os")).toEqual([1234, 6234, 11_234]);
  });

  test("a clock set back by an hour starts the timestamps anew", async () => {
    const { time, scheduler, times, lines } = setUp({ os: () => ONE });
    scheduler.start();
    await time.advance(12_000);
    time.set(-3_600_000);
    await time.advance(15_000);
    expect(times("os").slice(3)).toEqual([-3_600_000 + 21_234, -3_600_000 + 26_234]);
    expect(lines).toEqual(["warn the clock was set back, timestamps start anew exporter=os seconds=3595"]);
  });

  test("a busy machine misses ticks, and a reading that comes too late is not stamped", async () => {
    const { time, scheduler, times, of } = setUp({ os: () => ONE });
    scheduler.start();
    await time.advance(2000);
    time.stall(13_000);
    await time.advance(12_000);
    expect(times("os")).toEqual([1234, 16_234, 21_234, 26_234]);
    expect(valueIn(of("os")[1], "dcmon_exporter_ticks_missed_total")).toBe(2);
  });
});

test("with real time, collections come on the grid and soon after it", async () => {
  const delays: number[] = [];
  const timestamps: number[] = [];
  const scheduler = new Scheduler({
    exporters: [{ exporter: { name: "os", collect: async () => ONE }, intervalMs: 200, timeoutMs: 100 }],
    host: new Host({ clock: systemClock }),
    phaseOf: () => 37,
    log: silentLogger,
    onCollection({ timestamp }) {
      timestamps.push(timestamp);
      delays.push(Date.now() - timestamp);
    },
  });
  scheduler.start();
  await until(() => timestamps.length === 9);
  scheduler.stop();
  expect(timestamps.every((timestamp) => timestamp % 200 === 37)).toBeTrue();
  expect(timestamps).toEqual([...new Set(timestamps)].sort((a, b) => a - b));
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
  // Half of them within half an interval: usually it is a millisecond.
  expect(delays.sort((a, b) => a - b)[4]).toBeLessThan(100);
});

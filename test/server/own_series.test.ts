import { afterEach, expect, spyOn, test } from "bun:test";
import type { Clock } from "../../src/lib/clock.ts";
import { writeOwnSeries } from "../../src/server/own_series.ts";
import type { Layout } from "../../src/wire/layout.ts";
import { StoreFixture } from "../store/fixture.ts";
import { recordingLog } from "../support/recording_logger.ts";
import { until } from "../support/until.ts";

const INTERVAL_MS = 15_000;

/** Every look at the clock is the last moment before a round. */
class HastyClock implements Clock {
  #round = 0;
  now = () => ++this.#round * INTERVAL_MS - 1;
  monotonic = () => performance.now();
}

const fixture = await StoreFixture.open();
const stats = fixture.store.stats();
await fixture.remove();

type Row = Readonly<Record<string, number>>;

/** Writes to `rows` what a server would store of itself. @param failures how many rounds the store refuses. */
function run(rows: Row[], failures = 0) {
  const log = recordingLog();
  const store = {
    stats: () => stats,
    appendOwn(layout: Layout, _timestamp: number, values: ArrayLike<number>) {
      if (failures-- > 0) throw new Error("the store has no room");
      rows.push(Object.fromEntries(layout.series.map((labels, i) => [labels[1]!, values[i]!])));
    },
  };
  const end = writeOwnSeries({
    store,
    clients: () => [],
    isUp: () => false,
    hubStats: () => ({ connections: 0, closedByReason: {} }),
    instance: "here",
    clock: new HastyClock(),
    log,
  });
  return { log, end };
}

const MEMORY = "dcmon_server_resident_memory_bytes";
let end = () => {};
afterEach(() => end());

test("without a file descriptor left, the server's memory is missing, and everything else still written", async () => {
  const memory = spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw new Error("EMFILE: too many open files, uv_resident_set_memory");
  });
  const rows: Row[] = [];
  const running = run(rows);
  end = running.end;
  await until(() => rows.length >= 3);
  memory.mockRestore();
  expect(rows[0]![MEMORY]).toBeNaN();
  expect(rows[0]!.dcmon_server_cpu_seconds_total).toBeGreaterThan(0);
  expect(running.log.lines.map(({ message }) => message)).toEqual(["cannot read the server's own memory"]);
  await until(() => rows.at(-1)![MEMORY]! > 0);
});

test("a round that fails is said once, and the next rounds come", async () => {
  const rows: Row[] = [];
  const running = run(rows, 3);
  end = running.end;
  await until(() => rows.length >= 2);
  expect(running.log.lines.map(({ message, fields }) => [message, fields])).toEqual([
    ["cannot write the server's own series", { reason: "the store has no room" }],
  ]);
});

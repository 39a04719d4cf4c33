import { expect, test } from "bun:test";
import { silentLogger } from "../../src/lib/log.ts";
import { labelsOf } from "../../src/metrics/labels.ts";
import { AgentStream, type Fault } from "../../src/server/agent_stream.ts";
import { ClientLimits } from "../../src/server/client_limits.ts";
import type { AppendOutcome, Client, Frame } from "../../src/store/types.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { type Layout, layoutHash } from "../../src/wire/layout.ts";
import type { ServerMessage } from "../../src/wire/messages.ts";
import { encodeValues } from "../../src/wire/values.ts";
import { T0 } from "../store/fixture.ts";
import { HeldClock } from "../support/held_clock.ts";

const clock = new HeldClock(T0);
const client = { id: "0123456789abcdef", owner: 1, instance: "gpu-01" } as Client;
const good: Layout = { exporter: "os", interval: 5000, series: [seriesOf("gpu-01")] };
const bad: Layout = { exporter: "bad", interval: 5000, series: [seriesOf("another-node")] };

function seriesOf(instance: string, name = "node_load1") {
  return labelsOf([
    ["__name__", name],
    ["instance", instance],
    ["job", "node"],
  ]);
}

/** Takes frames in, and never gets them onto its disk. */
class StalledStore {
  #accepted = 0;
  openStream = () => ({ stream: 1, sequence: 0 });
  layoutId = () => undefined;
  layoutShape = () => ({ width: 1, interval: 5000 });
  registerLayout = () => ({ id: 1, othersSeries: 0, seriesOverLimit: 0 });

  append({ sequence }: Frame): AppendOutcome {
    if (sequence <= this.#accepted) return "duplicate";
    this.#accepted = sequence;
    return "accepted";
  }
}

/** A connection of the same agent to one store; what the server sends goes to `sent`. */
function connect(
  store: StalledStore,
  sent: ServerMessage[],
  limits = new ClientLimits(clock, { seriesQuota: 10 }),
): AgentStream {
  const stream = AgentStream.begin(
    { type: "begin", epoch: "e".repeat(32), layouts: [] },
    {
      store,
      client,
      limits,
      clock,
      log: silentLogger,
      send: (message) => sent.push(message),
    },
  );
  if (!(stream instanceof AgentStream)) throw new Error(stream.reason);
  for (const layout of [good, bad]) announce(stream, layout);
  return stream;
}

function announce(stream: AgentStream, layout: Layout): Fault | undefined {
  const series = layout.series.map((labels) => [...labels]);
  return stream.layout({ type: "layout", hash: layoutHash(layout), layout: { ...layout, series } });
}

const frame = (layoutIndex: number, sequence: number) =>
  encodeFrame({ layoutIndex, timestamp: T0, sequence }, encodeValues([1]));

test("a refused layout's frame is not acknowledged past frames that came again and are not durable", () => {
  const store = new StalledStore();
  const sent: ServerMessage[] = [];
  for (let connection = 0; connection < 2; connection++) {
    const stream = connect(store, sent);
    expect([stream.frame(frame(0, 1)), stream.frame(frame(0, 2)), stream.frame(frame(1, 3))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(sent.filter(({ type }) => type === "ack")).toEqual([]);
    if (connection === 1) stream.durable(2);
  }
  expect(sent.filter(({ type }) => type === "ack")).toEqual([{ type: "ack", sequence: 3 }]);
});

test("the smallest frames fill the window too: some thousands of them, not hundreds of thousands", () => {
  const stream = connect(new StalledStore(), []);
  let sequence = 1;
  while (sequence < 300_000 && stream.frame(frame(0, sequence)) === undefined) sequence++;
  expect(sequence).toBeLessThan(5000);
  expect(stream.frame(frame(0, sequence + 1))?.reason).toBe(
    "bad frame: more than 524288 bytes were sent ahead of their acknowledgement",
  );
});

test("an agent with 7,000 new series announces 5,000 at once and the others within a quarter of a minute", () => {
  const held = { time: 0, now: () => T0, monotonic: () => held.time };
  const limits = new ClientLimits(held, {});
  const layouts = Array.from({ length: 14 }, (_, i): Layout => {
    const names = Array.from({ length: 499 }, (_, k) => `m${i}_${k}`);
    return { exporter: "wide", interval: 5000, series: names.map((name) => seriesOf("gpu-01", name)) };
  });
  let announced = 0;
  for (; held.time <= 15_000 && announced < layouts.length; held.time += 500) {
    // An agent that is closed connects again, and goes on with the first layout that the server lacks.
    const stream = connect(new StalledStore(), [], limits);
    while (announced < layouts.length && announce(stream, layouts[announced]!) === undefined) announced++;
    if (held.time === 0) {
      expect(announced).toBe(10);
      expect(announce(connect(new StalledStore(), [], limits), layouts[10]!)).toEqual({
        close: "layoutsExhausted",
        reason: "too many new layouts in a short time",
      });
    }
  }
  expect(announced).toBe(14);
});

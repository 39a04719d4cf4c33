import { expect, test } from "bun:test";
import { silentLogger } from "../../src/lib/log.ts";
import { labelsOf } from "../../src/metrics/labels.ts";
import { AgentStream } from "../../src/server/agent_stream.ts";
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

function seriesOf(instance: string) {
  return labelsOf([
    ["__name__", "node_load1"],
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
function connect(store: StalledStore, sent: ServerMessage[]): AgentStream {
  const stream = AgentStream.begin(
    { type: "begin", epoch: "e".repeat(32), layouts: [] },
    {
      store,
      client,
      limits: new ClientLimits(clock, { seriesQuota: 10 }),
      clock,
      log: silentLogger,
      send: (message) => sent.push(message),
    },
  );
  if (!(stream instanceof AgentStream)) throw new Error(stream.reason);
  for (const layout of [good, bad]) {
    const series = layout.series.map((labels) => [...labels]);
    stream.layout({ type: "layout", hash: layoutHash(layout), layout: { ...layout, series } });
  }
  return stream;
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

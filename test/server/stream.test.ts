import { afterAll, expect, test } from "bun:test";
import { type Labels, labelsOf } from "../../src/metrics/labels.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { type Layout, layoutHash, MAX_LAYOUT_SERIES } from "../../src/wire/layout.ts";
import { CLOSE } from "../../src/wire/messages.ts";
import { encodeValues } from "../../src/wire/values.ts";
import { newEpoch, RawAgent } from "./raw_agent.ts";
import { RunningHub } from "./running_hub.ts";

const ours = await RunningHub.start({
  clientLimits: { seriesQuota: 1200, connectRate: { burst: 1000, perMinute: 1000 } },
});
const node = await ours.join("gpu-01");
afterAll(() => ours.stop());

function series(name: string, labels: Record<string, string> = {}): Labels {
  return labelsOf(Object.entries({ __name__: name, job: "node", instance: "gpu-01", ...labels }));
}

const layout: Layout = {
  exporter: "os",
  interval: 1000,
  series: [series("node_load1"), series("node_load5")],
};

const streaming = (layouts = [layout], epoch?: string) =>
  RawAgent.streaming(node, ours.origin, layouts, epoch);

/** The values of one series of the last hour, as PromQL gives them. */
async function stored(selector: string): Promise<string[]> {
  const answer = await ours.store.query(`${selector}[1h]`, { kind: "instant", time: ours.clock.now() });
  if (!answer.ok) throw new Error(answer.error.message);
  const { result } = JSON.parse(new TextDecoder().decode(answer.json)) as {
    result: { values: [number, string][] }[];
  };
  return result.flatMap(({ values }) => values.map(([, value]) => value));
}

test("frames are acknowledged once they are durable, and can be asked for", async () => {
  const agent = await streaming();
  expect(agent.resume).toMatchObject({ sequence: 0, need: [layoutHash(layout)] });
  const start = Date.now() - 3000;
  for (let i = 1; i <= 3; i++) agent.frame(i, [i, 10 * i], { timestamp: start + i * 1000 });
  await agent.acknowledged(3);
  expect(await stored('node_load1{instance="gpu-01"}')).toEqual(["1", "2", "3"]);
  expect(await stored('node_load5{instance="gpu-01"}')).toEqual(["10", "20", "30"]);
  expect(ours.hub.intervalOf(node.client)).toBe(1000);
  agent.close();
});

test("frames that come again are acknowledged and stored once", async () => {
  const own: Layout = { ...layout, series: [series("repeated")] };
  const epoch = newEpoch();
  const first = await streaming([own], epoch);
  const timestamp = Date.now() - 1000;
  first.frame(1, [1], { timestamp });
  first.frame(2, [2], { timestamp: timestamp + 1 });
  await first.acknowledged(2);
  first.frame(1, [99], { timestamp: timestamp + 2 });
  first.frame(2, [99], { timestamp: timestamp + 3 });
  await first.acknowledged(2);
  first.close();
  const second = await streaming([own], epoch);
  expect(second.resume).toMatchObject({ sequence: 2, need: [] });
  second.frame(2, [99], { timestamp: timestamp + 4 });
  second.frame(3, [3], { timestamp: timestamp + 5 });
  await second.acknowledged(3);
  second.close();
  expect(await stored("repeated")).toEqual(["1", "2", "3"]);
});

/** The layout must be refused, its frames acknowledged and dropped, and other layouts undisturbed. */
async function expectRefused(bad: Layout, reason: string | RegExp, hash = layoutHash(bad)): Promise<void> {
  const agent = await streaming();
  agent.announce(bad, hash);
  const refused = await agent.next("refused");
  expect(refused.hash).toBe(hash);
  expect(refused.reason).toMatch(reason);
  agent.frame(1, [1, 1]);
  agent.frame(2, [1], { layoutIndex: 1 });
  await agent.acknowledged(2);
  agent.frame(3, [1], { layoutIndex: 1 });
  await agent.acknowledged(3);
  agent.frame(4, [1, 1]);
  await agent.acknowledged(4);
  agent.close();
}

const refusedLayout = (...list: Labels[]): Layout => ({ exporter: "bad", interval: 1000, series: list });

test("a layout that speaks for another node is refused", async () => {
  await expectRefused(
    refusedLayout(series("x", { instance: "gpu-02" })),
    /^series 0: label "instance" is not this client's "gpu-01"$/,
  );
  await expectRefused(refusedLayout(series("x"), series("y", { job: "" })), /^series 1 has no label "job"$/);
});

test("a layout with a name that only the server writes is refused", async () => {
  await expectRefused(refusedLayout(series("up")), /^series 0: "up" is written by the server only$/);
  await expectRefused(refusedLayout(series("dcmon_server_series")), /written by the server only/);
});

test("a layout whose hash is not that of its content is refused", async () => {
  await expectRefused(refusedLayout(series("hashed")), /^hash is not that of the content$/, "0".repeat(32));
});

test("a layout with malformed labels or a series twice is refused", async () => {
  await expectRefused(refusedLayout(["job", "node", "__name__", "x"]), /series 0: labels are not sorted/);
  await expectRefused(refusedLayout(series("x"), series("x")), /series 1 is listed twice/);
});

test("beyond the client's quota a layout's new series are ignored, its others stored, and the log says so once", async () => {
  const wide = await ours.join("wide");
  const names = ["wide_a", "wide_b", "wide_c", "wide_d"];
  const layouts = names.map((name) =>
    refusedLayout(
      ...Array.from({ length: MAX_LAYOUT_SERIES }, (_, i) =>
        series(name, { instance: "wide", i: String(i) }),
      ),
    ),
  );
  const mixed = refusedLayout(layouts[0]!.series[0]!, layouts[3]!.series[0]!);
  const logged = ours.log.lines.length;
  const agent = await RawAgent.streaming(wide, ours.origin, []);
  for (const announced of [...layouts, mixed]) agent.announce(announced);
  const timestamp = Date.now() - 1000;
  for (const layoutIndex of layouts.keys())
    agent.frame(layoutIndex + 1, new Float64Array(MAX_LAYOUT_SERIES).fill(1), { layoutIndex, timestamp });
  agent.frame(5, [2, 2], { layoutIndex: 4, timestamp: timestamp + 1 });
  await agent.acknowledged(5);
  agent.close();
  const counts = await Promise.all(names.map(async (name) => (await stored(name)).length));
  expect(counts).toEqual([501, 500, 200, 0]);
  const told = ours.log.lines
    .slice(logged)
    .filter(({ message }) => message.includes("new series of this client"));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ level: "warn", fields: { series: 300 } });
  expect(told[0]!.message).toContain("it has 1200, the most that one may have");
});

/** The connection must end with this, after a good frame, and say so to agent, log and statistics. */
async function expectClosed(
  act: (agent: RawAgent) => void,
  code: keyof typeof CLOSE,
  reason: string | RegExp,
): Promise<void> {
  const before = ours.hub.stats().closedByReason[code] ?? 0;
  const agent = await streaming();
  agent.frame(1, [1, 2]);
  await agent.acknowledged(1);
  act(agent);
  const closed = await agent.closed;
  expect(closed.reason).toMatch(reason);
  expect(closed.code).toBe(CLOSE[code]);
  expect(ours.hub.stats().closedByReason[code]).toBe(before + 1);
}

/** A frame of two series, its bytes open to change. */
function frameBytes(values: number[] = [0.5, 0.25]): { bytes: Uint8Array<ArrayBuffer>; view: DataView } {
  const bytes = encodeFrame({ layoutIndex: 0, timestamp: Date.now(), sequence: 2 }, encodeValues(values));
  return { bytes, view: new DataView(bytes.buffer) };
}

test("a frame of a layout that was not announced ends the connection", async () => {
  await expectClosed(
    (agent) => agent.frame(2, [1, 2], { layoutIndex: 7 }),
    "unknownLayout",
    /^unknown layout: index 7, 1 layouts were announced$/,
  );
});

test("a frame of a layout that was asked for and has not come ends the connection", async () => {
  const agent = await RawAgent.authenticated(node, ours.origin);
  const resume = await agent.begin([refusedLayout(series("never_announced"))], newEpoch());
  expect(resume.need.length).toBe(1);
  agent.frame(1, [1]);
  expect((await agent.closed).reason).toBe("unknown layout: index 0 was asked for and has not come");
});

test("Infinity and NaN in a frame end the connection", async () => {
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
    const { bytes, view } = frameBytes();
    view.setFloat64(bytes.length - 8, value, true);
    await expectClosed((agent) => agent.sendRaw(bytes), "badFrame", /^bad frame: a value is not finite$/);
  }
});

test("malformed frames end the connection, each with its own reason", async () => {
  const edited = (edit: (view: DataView) => void, reason: RegExp) => {
    const { bytes, view } = frameBytes();
    edit(view);
    return expectClosed((agent) => agent.sendRaw(bytes), "badFrame", reason);
  };
  const cut = (end: number, reason: RegExp) =>
    expectClosed((agent) => agent.sendRaw(frameBytes().bytes.slice(0, end)), "badFrame", reason);
  await cut(10, /^bad frame: frame of 10 bytes is shorter than its header$/);
  await cut(20, /^bad frame: payload of 0 bytes is too short for 2 series$/);
  await cut(-1, /^bad frame: payload has \d+ bytes, its classes ask for \d+$/);
  await edited((view) => view.setUint8(0, 9), /^bad frame: frame kind 9 is not known$/);
  await edited((view) => view.setUint8(1, 1), /^bad frame: frame flags 1 are not known$/);
  await edited(
    (view) => view.setFloat64(4, Number.NaN, true),
    /^bad frame: timestamp NaN is not a whole number/,
  );
  await edited(
    (view) => view.setFloat64(12, 0, true),
    /^bad frame: sequence 0 is not a whole number from 1$/,
  );
  await edited(
    (view) => view.setFloat64(12, Number.POSITIVE_INFINITY, true),
    /^bad frame: sequence Infinity/,
  );
  await edited((view) => view.setUint8(20, 3), /^bad frame: payload form 3 is not known$/);
});

test("a message of more than 1 MiB ends the connection", async () => {
  const agent = await streaming();
  agent.sendRaw(new Uint8Array(1024 * 1024 + 1));
  expect((await agent.closed).code).not.toBe(1000);
  await RawAgent.authenticated(node, ours.origin).then((again) => again.close());
});

test("malformed control messages end the connection", async () => {
  await expectClosed((agent) => agent.sendRaw("{"), "badMessage", /^message is not JSON$/);
  await expectClosed(
    (agent) => agent.sendRaw('{"type":"reboot"}'),
    "badMessage",
    /its type is not known here$/,
  );
  await expectClosed((agent) => agent.announce(layout), "badMessage", /^layout was announced before$/);
});

test("begin with one layout twice ends the connection", async () => {
  const agent = await RawAgent.authenticated(node, ours.origin);
  agent.begin([layout, layout], newEpoch()).catch(() => {});
  expect((await agent.closed).reason).toBe("begin lists a layout twice");
});

test("samples from the future and from before the retention are acknowledged, dropped and told once", async () => {
  const own: Layout = { ...layout, series: [series("clocked")] };
  const agent = await streaming([own]);
  const now = Date.now();
  const logged = ours.log.lines.length;
  const times = [
    now + 3 * 60_000,
    now + 365 * 86_400_000,
    now - 2 * 86_400_000,
    now + 60_000,
    now - 1_800_000,
  ];
  for (const [i, timestamp] of times.entries()) agent.frame(i + 1, [i], { timestamp });
  await agent.acknowledged(times.length);
  agent.close();
  const lines = ours.log.lines.slice(logged).map(({ message }) => message);
  expect(lines.filter((line) => line.includes("time is ahead of the server's clock")).length).toBe(1);
  expect(lines.filter((line) => line.includes("time is older than the retention")).length).toBe(1);
  expect(ours.store.stats().framesRejected).toMatchObject({ future: 2, too_old: 1 });
  ours.clock.shift += 120_000;
  expect((await stored("clocked")).sort()).toEqual(["3", "4"]);
});

test("an agent that ignores the window is closed", async () => {
  const wide = refusedLayout(...Array.from({ length: 450 }, (_, i) => series("window", { i: String(i) })));
  const agent = await streaming([wide]);
  const values = Float64Array.from({ length: 450 }, (_, i) => i + 0.5);
  for (let sequence = 1; sequence <= 400; sequence++) agent.frame(sequence, values);
  expect((await agent.closed).reason).toBe(
    "bad frame: more than 524288 bytes were sent ahead of their acknowledgement",
  );
});

test("layouts that never end are slowed down", async () => {
  const agent = await streaming();
  let announced = 0;
  for (; announced < 1100; announced++)
    agent.announce(
      refusedLayout(
        series("node_load1"),
        series(`churn_${announced % 2}`, { n: String(announced % 300) }),
        ...permutation(announced),
      ),
    );
  expect(await agent.closed).toEqual({
    code: CLOSE.layoutsExhausted,
    reason: "too many new layouts in a short time",
  });
});

/** Some of the same few series: another layout each time, and no new series. */
function permutation(n: number): Labels[] {
  return Array.from({ length: 11 }, (_, bit) => bit)
    .filter((bit) => (n >> bit) & 1)
    .map((bit) => series("bit", { bit: String(bit) }));
}

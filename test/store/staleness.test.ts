import { afterEach, beforeEach, expect, test } from "bun:test";
import { until } from "../support/until.ts";
import { BUCKET_MS, layoutOf, StoreFixture, T0 } from "./fixture.ts";

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await StoreFixture.open();
});
afterEach(() => fixture.remove());

const ABSENT = Number.NaN;

/** The value of a metric as an instant query sees it every five seconds, `-` where there is none. */
async function seen(metric: string, from: number, to: number): Promise<string> {
  const values: string[] = [];
  for (let t = from; t <= to; t += 5000) values.push(String((await fixture.vector(metric, T0 + t)).a ?? "-"));
  return values.join(" ");
}

async function sealed(blocks: number): Promise<void> {
  await until(() => fixture.store.stats().blocksSealed >= blocks, `${blocks} sealed blocks`);
}

test("a series that is absent from a complete frame has ended, until it comes back", async () => {
  const sender = fixture.sender(1, layoutOf("a", ["m", "n"]));
  const m = [1, 2, ABSENT, ABSENT, 5];
  for (const [i, value] of m.entries()) sender.send(T0 + i * 5000, [value, i]);
  await sender.settled();
  expect(await seen("m", 0, 20_000)).toBe("1 2 - - 5");
  sender.send(T0 + BUCKET_MS, [6, 6]);
  await sealed(1);
  expect(await seen("m", 0, 20_000)).toBe("1 2 - - 5");
});

test("a series that ends exactly between two buckets has ended in both, sealed or not", async () => {
  const sender = fixture.sender(1, layoutOf("a", ["m", "n"]));
  sender.send(T0 + BUCKET_MS - 5000, [1, 1]);
  sender.send(T0 + BUCKET_MS, [ABSENT, 2]);
  sender.send(T0 + BUCKET_MS + 5000, [ABSENT, 3]);
  await sender.settled();
  expect(await seen("m", BUCKET_MS - 5000, BUCKET_MS + 5000)).toBe("1 - -");
  sender.send(T0 + 2 * BUCKET_MS, [ABSENT, 4]);
  await sealed(2);
  expect(await seen("m", BUCKET_MS - 5000, BUCKET_MS + 5000)).toBe("1 - -");
  expect(await seen("n", BUCKET_MS - 5000, BUCKET_MS + 5000)).toBe("1 2 3");
});

test("a series that is absent for a whole bucket has no chunk in it", async () => {
  const sender = fixture.sender(1, layoutOf("a", ["m", "n"]));
  for (let bucket = 0; bucket < 4; bucket++)
    sender.send(T0 + bucket * BUCKET_MS, [bucket === 0 ? 1 : ABSENT, bucket]);
  await sealed(3);
  const { Database } = await import("bun:sqlite");
  const database = new Database(`${fixture.dataDir}/dcmon.db`, { readonly: true });
  expect(database.query("SELECT series, count(*) FROM chunk GROUP BY series").values()).toEqual([
    // In its second bucket stands the marker that ends it.
    [1, 2],
    [2, 3],
  ]);
  database.close();
});

test("a series that is not in the exporter's next layout has ended with that layout's first frame", async () => {
  const sender = fixture.sender(1, layoutOf("a", ["m", "n"]));
  sender.send(T0, [1, 10]);
  sender.send(T0 + 5000, [2, 20]);
  sender.use(layoutOf("a", ["n", "o"]));
  sender.send(T0 + 10_000, [30, 300]);
  sender.send(T0 + 15_000, [40, 400]);
  await sender.settled();
  const check = async () => {
    expect(await seen("m", 0, 15_000)).toBe("1 2 - -");
    expect(await seen("n", 0, 15_000)).toBe("10 20 30 40");
    expect(await seen("o", 0, 15_000)).toBe("- - 300 400");
  };
  await check();
  await fixture.restart();
  await check();
  const again = fixture.sender(1, layoutOf("a", ["n", "o"]));
  again.send(T0 + BUCKET_MS, [50, 500]);
  await sealed(2);
  await check();
});

test("several layouts at once do not end each other, one that stops is ended", async () => {
  const parts = [layoutOf("a", ["m"]), layoutOf("a", ["n"]), layoutOf("a", ["o"])];
  const sender = fixture.sender(1, parts[0]!);
  for (let tick = 0; tick < 6; tick++)
    for (const [part, layout] of parts.entries()) {
      if (part === 1 && tick >= 3) continue;
      sender.use(layout);
      sender.send(T0 + tick * 5000, [tick]);
    }
  await sender.settled();
  expect(await seen("m", 0, 25_000)).toBe("0 1 2 3 4 5");
  expect(await seen("n", 0, 25_000)).toBe("0 1 2 - - -");
  expect(await seen("o", 0, 25_000)).toBe("0 1 2 3 4 5");
});

test("exporters of one client do not end each other's series, nor does another client", async () => {
  const os = fixture.sender(1, layoutOf("a", ["m"], "os"));
  const ipmi = fixture.sender(1, layoutOf("a", ["n"], "ipmi"), "e2");
  const other = fixture.sender(2, layoutOf("b", ["m"], "os"));
  for (let tick = 0; tick < 3; tick++) {
    os.send(T0 + tick * 5000, [tick]);
    ipmi.send(T0 + tick * 5000 + 100, [tick]);
    other.send(T0 + tick * 5000 + 200, [tick]);
  }
  await Promise.all([os.settled(), ipmi.settled(), other.settled()]);
  expect(await seen("m", 0, 10_000)).toBe("0 1 2");
  expect(await fixture.vector("m", T0 + 11_000)).toEqual({ a: 2, b: 2 });
});

test("layouts that alternate cost a few times what was sent, and nothing when the frames are empty", async () => {
  const names = (prefix: string) => Array.from({ length: 400 }, (_, i) => `${prefix}${i}`);
  const [m, n] = [layoutOf("a", names("m")), layoutOf("a", names("n"))];
  const sender = fixture.sender(1, m);
  const journalBytes = async (value: number) => {
    const before = fixture.store.stats().headBytes;
    for (let i = 0; i < 200; i++) {
      sender.use(i % 2 === 0 ? m : n);
      sender.send(T0 + 1 + fixture.store.stats().framesAppended, new Array(400).fill(value));
    }
    await sender.settled();
    return fixture.store.stats().headBytes - before;
  };
  expect(await journalBytes(ABSENT)).toBeLessThan(200 * 101 * 2);
  expect(await journalBytes(1)).toBeLessThan(200 * 901 * 6);
});

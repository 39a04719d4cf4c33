import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { databasePath } from "../../src/store/files.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import {
  CRASH_BUCKET_MS,
  CRASH_RETENTION_MS,
  crashTime,
  crashValue,
  OWNERS,
  SERIES,
  TICK_MS,
} from "./crash_child.ts";
import { layoutOf, StoreFixture, T0 } from "./fixture.ts";

const KILLS = 20;

test(`${KILLS} times kill -9 under load: what was acknowledged is there, once`, async () => {
  const dataDir = temporaryFolder().path;
  const acknowledged = new Map<number, number>();
  for (let kill = 0; kill < KILLS; kill++) {
    const latest = Math.max(0, ...acknowledged.values());
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "crash_child.ts"), dataDir, String(crashTime(latest))],
      {
        stdout: "pipe",
        stderr: "inherit",
      },
    );
    const output = new Response(child.stdout).text();
    await Bun.sleep(150 + ((kill * 37) % 20) * 25);
    child.kill("SIGKILL");
    await child.exited;
    for (const line of (await output).split("\n").slice(0, -1)) {
      const [what, owner, sequence] = line.split(" ");
      const before = acknowledged.get(Number(owner)) ?? 0;
      if (what === "open") expect(Number(sequence)).toBeGreaterThanOrEqual(before);
      acknowledged.set(Number(owner), Math.max(before, Number(sequence)));
    }
  }

  const fixture = await StoreFixture.open({
    dataDir,
    bucketMs: CRASH_BUCKET_MS,
    retentionMs: CRASH_RETENTION_MS,
  });
  const last = Math.max(...acknowledged.values());
  fixture.clock.time = crashTime(last);
  expect(acknowledged.size).toBe(OWNERS);
  const oldest = Math.max(1, last - CRASH_RETENTION_MS / TICK_MS + 1);
  for (const series of [0, SERIES - 1]) {
    const found = await fixture.samples(`m${series}`);
    for (const [owner, sequence] of acknowledged) {
      const samples = found[`n${owner}`]!.filter(([at]) => at * 1000 >= oldest * TICK_MS);
      expect(samples.length).toBeGreaterThanOrEqual(sequence - oldest + 1);
      for (const [i, [at, value]] of samples.entries()) {
        expect(Math.round(at * 1000)).toBe((oldest + i) * TICK_MS);
        expect(value).toBe(crashValue(owner, series, oldest + i));
      }
    }
  }
  await fixture.remove();
}, 60_000);

test("a torn WAL loses only what came after the tear, and nothing that was acknowledged before it", async () => {
  const fixture = await StoreFixture.open();
  const wal = join(fixture.dataDir, "dcmon.db-wal");
  const sender = fixture.sender(1, layoutOf("a", ["m", "n"]));
  /** How long the WAL was when so many frames had been acknowledged. */
  const lengths: number[] = [];
  for (let i = 0; i < 12; i++) {
    sender.send(T0 + i * 1000, [i, i / 3]);
    await sender.settled();
    lengths.push(statSync(wal).size);
  }
  const copy = temporaryFolder().path;
  const torn = join(copy, "dcmon.db-wal");
  for (let k = 0; k <= 24; k++) {
    copyFileSync(join(fixture.dataDir, "dcmon.db"), join(copy, "dcmon.db"));
    copyFileSync(wal, torn);
    const first = lengths[0]!;
    const offset =
      k === 24 ? statSync(wal).size : first + Math.floor(((lengths.at(-1)! - first) * k) / 24) + (k % 3);
    if (k % 2 === 0) truncateSync(torn, offset);
    else overwriteFrom(torn, offset);
    const acknowledged = lengths.filter((length) => length <= offset).length;

    const survivor = await StoreFixture.open({ dataDir: copy });
    survivor.clock.time = T0 + 60_000;
    const samples = (await survivor.samples("n")).a ?? [];
    expect(samples.length).toBeGreaterThanOrEqual(acknowledged);
    expect(samples).toEqual(Array.from({ length: samples.length }, (_, i): [number, number] => [i, i / 3]));
    expect(survivor.store.openStream(1, "e1").sequence).toBe(samples.length);
    await survivor.remove();
    mkdirSync(copy);
  }
  rmSync(copy, { recursive: true });
  await fixture.remove();
}, 30_000);

function overwriteFrom(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, offset);
  writeFileSync(path, bytes);
}

test("a full disk: nothing is acknowledged, reads go on, and it recovers by itself", async () => {
  const dataDir = temporaryFolder().path;
  const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", dataDir]);
  if (mounted.exitCode !== 0)
    throw new Error(`This test needs root, for a small tmpfs to fill: ${mounted.stderr.toString()}`);
  try {
    writeFileSync(join(dataDir, "filler"), new Uint8Array(1_500_000));
    const fixture = await StoreFixture.open({ dataDir, limits: { pendingBytes: 1_000_000 } });
    const names = Array.from({ length: 500 }, (_, i) => `m${i}`);
    const sender = fixture.sender(1, layoutOf("a", names));
    const values = names.map((_, i) => i + 0.5);
    let sent = 0;
    for (; fixture.store.stats().trouble === undefined; sent++) {
      sender.send(T0 + sent * 10, values);
      await Bun.sleep(1);
    }
    expect(fixture.store.stats().trouble).toMatch(/disk is full.*Free some space/);
    const acknowledged = fixture.durableSequence(sender.stream);
    expect(acknowledged).toBeGreaterThan(0);
    expect((await fixture.samples("m7")).a).toHaveLength(acknowledged);

    while (sender.send(T0 + sent * 10, values) !== "busy") sent++;
    sender.sequence = sent;
    await Bun.sleep(700);
    expect(fixture.durableSequence(sender.stream)).toBe(acknowledged);
    expect(fixture.store.stats().commitErrors).toBeGreaterThan(1);
    expect((await fixture.samples("m7")).a).toHaveLength(acknowledged);

    rmSync(join(dataDir, "filler"));
    await sender.settled();
    await until(() => fixture.store.stats().trouble === undefined, "the recovery");
    expect((await fixture.samples("m7")).a).toHaveLength(sent);
    await fixture.restart();
    expect((await fixture.samples("m7")).a).toHaveLength(sent);
    await fixture.store.close();
  } finally {
    Bun.spawnSync(["umount", "-l", dataDir]);
    rmSync(dataDir, { recursive: true });
  }
}, 30_000);

test("a store whose disk stops taking anything while it closes gives up after some seconds", async () => {
  const fixture = await StoreFixture.open();
  const sender = fixture.sender(1, layoutOf("a", ["m"]));
  const stalled = new Database(databasePath(fixture.dataDir));
  stalled.run("BEGIN IMMEDIATE");
  sender.send(T0, [1]);
  const begun = performance.now();
  await fixture.store.close();
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(fixture.durableSequence(sender.stream)).toBe(0);
  stalled.close();
  rmSync(fixture.dataDir, { recursive: true });
}, 40_000);

import { Database } from "bun:sqlite";
import { afterEach, expect, mock, spyOn, test } from "bun:test";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { SpoolFile } from "../../src/agent/spool/file.ts";
import { explained, SpoolDamaged } from "../../src/agent/spool/open.ts";
import { Spool, type SpooledFrame } from "../../src/agent/spool.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { recordingLogger } from "../support/recording_logger.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { diskError } from "./disk_error.ts";
import { FakeTime } from "./fake_time.ts";
import { testLayout, testReading } from "./readings.ts";

const MIB = 2 ** 20;
const LAYOUT = testLayout(200);

function openSpool(folder: string, maxBytes = 16 * MIB, clock = new FakeTime(1_700_000_000_000)): Spool {
  return Spool.open({ path: join(folder, "spool.db"), maxBytes, clock, log: silentLogger });
}

function fill(spool: Spool, from: number, count: number, layout = LAYOUT): void {
  for (let i = from; i < from + count; i++) spool.append([testReading(i, layout)]);
}

afterEach(() => mock.restore());

const timestamps = (frames: readonly SpooledFrame[]) => frames.map(({ timestamp }) => timestamp);
const spoolSize = (folder: string) =>
  readdirSync(folder).reduce((size, name) => size + statSync(join(folder, name)).size, 0);

test("frames come back in order, with layout and payload, until they are acknowledged", () => {
  using folder = temporaryFolder();
  const spool = openSpool(folder.path);
  fill(spool, 1, 5);
  const frames = spool.read(0, 10);
  expect(timestamps(frames)).toEqual([1, 2, 3, 4, 5]);
  expect(frames[0]!.payload).toEqual(testReading(1, LAYOUT).payload);
  expect(spool.layout(frames[0]!.hash)).toEqual(LAYOUT);
  expect(spool.layoutsInUse()).toEqual([testReading(1, LAYOUT).hash]);

  spool.acknowledge(frames[2]!.sequence);
  expect(timestamps(spool.read(0, 10))).toEqual([4, 5]);
  expect(spool.stats().frames).toBe(2);
  spool.acknowledge(frames[4]!.sequence);
  expect(spool.layoutsInUse()).toEqual([]);
  spool.close();
});

test("a restart keeps epoch, frames and layouts, and never gives a sequence out again", () => {
  using folder = temporaryFolder();
  const first = openSpool(folder.path);
  fill(first, 1, 3);
  const { epoch, lastSequence } = first;
  first.acknowledge(lastSequence);
  first.close();

  const second = openSpool(folder.path);
  expect(second.epoch).toBe(epoch);
  expect(second.stats().frames).toBe(0);
  fill(second, 4, 2, testLayout(3));
  expect(second.read(0, 10)[0]!.sequence).toBeGreaterThan(lastSequence);
  second.close();

  const third = openSpool(folder.path);
  expect(timestamps(third.read(0, 10))).toEqual([4, 5]);
  expect(third.layout(third.layoutsInUse()[0]!)).toEqual(testLayout(3));
  third.close();
});

test("the full ring overwrites the oldest, counts them across restarts, and its files stay within the bound", () => {
  using folder = temporaryFolder();
  const spool = openSpool(folder.path, MIB);
  fill(spool, 1, 2000);
  const kept = spool.read(0, 5000);
  const { frames, overwritten } = spool.stats();
  expect(frames).toBe(kept.length);
  expect(frames + overwritten).toBe(2000);
  expect(frames).toBeGreaterThan(300);
  expect(timestamps(kept)).toEqual(Array.from({ length: frames }, (_, i) => overwritten + 1 + i));
  expect(spoolSize(folder.path)).toBeLessThanOrEqual(MIB);
  spool.close();

  const again = openSpool(folder.path, MIB);
  expect(again.stats().overwritten).toBe(overwritten);
  again.close();
});

test("acknowledged frames make room without counting as overwritten", () => {
  using folder = temporaryFolder();
  const spool = openSpool(folder.path, MIB);
  for (let round = 0; round < 20; round++) {
    fill(spool, round * 200, 200);
    spool.acknowledge(spool.lastSequence);
  }
  expect(spool.stats()).toMatchObject({ frames: 0, overwritten: 0 });
  expect(spoolSize(folder.path)).toBeLessThanOrEqual(MIB);
  spool.close();
});

test("a smaller bound takes effect while running, step by step", () => {
  using folder = temporaryFolder();
  const spool = openSpool(folder.path, 16 * MIB);
  fill(spool, 1, 4000);
  expect(spool.stats().frames).toBe(4000);
  spool.resize(2 * MIB);
  fill(spool, 4001, 50);
  expect(spool.stats().frames).toBeLessThan(1300);
  expect(timestamps(spool.read(0, 9999)).at(-1)).toBe(4050);
  expect(spoolSize(folder.path)).toBeLessThanOrEqual(2 * MIB);
  spool.close();
});

test("layouts that no frame uses any more leave the file", () => {
  using folder = temporaryFolder();
  const spool = openSpool(folder.path);
  for (let i = 1; i <= 600; i++) {
    spool.append([testReading(i, testLayout(2, `changing-${i}`))]);
    spool.acknowledge(spool.lastSequence);
  }
  spool.close();
  using database = new Database(join(folder.path, "spool.db"), { readonly: true });
  const { count } = database.query("SELECT count(*) AS count FROM layouts").get() as { count: number };
  expect(count).toBeLessThan(520);
  expect(count).toBeGreaterThan(0);
});

test("a frame larger than the whole ring is counted, and the agent goes on", () => {
  using folder = temporaryFolder();
  const spool = openSpool(folder.path, MIB);
  const huge = testReading(1, testLayout(200));
  spool.append([{ ...huge, payload: new Uint8Array(2 * MIB) }]);
  expect(spool.stats()).toMatchObject({ frames: 0, overwritten: 1 });
  fill(spool, 2, 1);
  expect(timestamps(spool.read(0, 9))).toEqual([2]);
  spool.close();
});

const DAMAGES: readonly [name: string, damage: (path: string) => void][] = [
  [
    "truncated in the middle",
    (path) => truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096 + 100),
  ],
  ["empty", (path) => truncateSync(path, 0)],
  ["not a database", (path) => writeFileSync(path, "these are not the bytes of a database\n".repeat(500))],
  ["with a page of garbage in the middle", (path) => overwritePages(path, 0.5, 1)],
  ["with a garbage header", (path) => overwritePages(path, 0, 1)],
  [
    "of another program",
    (path) => void new Database(removed(path), { create: true }).run("CREATE TABLE other (a)"),
  ],
  ["a folder", (path) => mkdirSync(removed(path))],
];

test.each(DAMAGES)(
  "a spool that is %s is set aside and counted, and the agent starts with a new epoch",
  (_, damage) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "spool.db");
    const before = openSpool(folder.path);
    fill(before, 1, 400);
    before.close();
    damage(path);

    const spool = openSpool(folder.path);
    expect(spool.epoch).not.toBe(before.epoch);
    expect(spool.stats()).toMatchObject({ corrupt: 1, frames: 0, trouble: undefined });
    fill(spool, 401, 1);
    expect(timestamps(spool.read(0, 9))).toEqual([401]);
    spool.close();
    expect(readdirSync(folder.path).filter((name) => /^spool\.db\.corrupt-/.test(name))).toHaveLength(1);
  },
);

test("at most two damaged spools are kept, the newest", () => {
  using folder = temporaryFolder();
  const clock = new FakeTime(1_700_000_000_000);
  for (let i = 0; i < 4; i++) {
    writeFileSync(join(folder.path, "spool.db"), `damaged ${i} `.repeat(1000));
    openSpool(folder.path, MIB, clock).close();
    clock.stall(1000);
  }
  const kept = readdirSync(folder.path)
    .filter((name) => name.includes(".corrupt-"))
    .sort();
  expect(kept).toHaveLength(2);
  expect(readFileSync(join(folder.path, kept[1]!), "utf8")).toStartWith("damaged 3");
});

test("damage that shows while running: set aside, the listener is told of the new epoch, appending goes on", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "spool.db");
  const before = openSpool(folder.path);
  fill(before, 1, 1500);
  before.close();

  const spool = openSpool(folder.path);
  let changes = 0;
  spool.onEpoch(() => changes++);
  overwritePages(path, 0.2, 200);
  spool.read(0, 1500);
  fill(spool, 1501, 1);
  expect(changes).toBe(1);
  expect(spool.stats().corrupt).toBe(1);
  expect(spool.epoch).not.toBe(before.epoch);
  expect(timestamps(spool.read(0, 10)).at(-1)).toBe(1501);
  spool.close();
});

test("damage that shows while closing leaves nothing open; the next start sets the file aside", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "spool.db");
  const before = openSpool(folder.path);
  fill(before, 1, 1500);
  before.close();

  const spool = openSpool(folder.path);
  spool.acknowledge(spool.read(0, 200).at(-1)!.sequence);
  spool.read(0, 1500);
  overwritePages(path, 0.03, 16);
  spool.close();
  expect(openFiles().filter((name) => name.startsWith(folder.path))).toEqual([]);
  expect(spool.stats().corrupt).toBe(0);
  const again = openSpool(folder.path);
  expect(again.stats().corrupt).toBe(1);
  again.close();
});

test("a frame whose bytes changed on the disk is dropped and counted, the others are delivered", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "spool.db");
  const before = openSpool(folder.path);
  for (let i = 1; i <= 50; i++) before.append([testReading(i, LAYOUT, i)]);
  before.close();
  const bytes = readFileSync(path);
  const at = bytes.indexOf(Buffer.from(testReading(25, LAYOUT, 25).payload));
  expect(at).toBeGreaterThan(0);
  bytes[at + 1000]! ^= 0xff;
  writeFileSync(path, bytes);

  const spool = openSpool(folder.path);
  expect(spool.read(0, 100)).toHaveLength(49);
  expect(spool.stats()).toMatchObject({ damaged: 1, corrupt: 0, frames: 49 });
  spool.close();
});

test("a damaged frame on a full disk is left out and counted once; it goes when there is room again", () => {
  using folder = temporaryFolder();
  using _ = smallDisk(folder.path);
  const path = join(folder.path, "spool.db");
  const before = openSpool(folder.path);
  fill(before, 1, 50);
  before.close();
  damageChecksum(path, 4);

  const spool = openSpool(folder.path);
  fillDisk(join(folder.path, "ballast"));
  expect(spool.read(0, 64)).toHaveLength(49);
  expect(spool.read(0, 64)).toHaveLength(49);
  expect(spool.stats()).toMatchObject({ frames: 49, damaged: 1, corrupt: 0 });
  rmSync(join(folder.path, "ballast"));
  fill(spool, 51, 1);
  expect(spool.read(0, 64)).toHaveLength(50);
  expect(spool.stats()).toMatchObject({ frames: 50, damaged: 1, corrupt: 0 });
  spool.acknowledge(spool.lastSequence);
  expect(spool.stats()).toMatchObject({ frames: 0, damaged: 1 });
  spool.close();
});

test("a damaged frame that is acknowledged before it was deleted is counted once", () => {
  using folder = temporaryFolder();
  const before = openSpool(folder.path);
  fill(before, 1, 50);
  before.close();
  damageChecksum(join(folder.path, "spool.db"), 4);

  const spool = openSpool(folder.path);
  const tenth = spool.read(0, 9).at(-1)!;
  expect(tenth.timestamp).toBe(10);
  spool.acknowledge(tenth.sequence);
  expect(spool.stats()).toMatchObject({ frames: 40, damaged: 1 });
  fill(spool, 51, 1);
  expect(spool.stats()).toMatchObject({ frames: 41, damaged: 1 });
  spool.close();
});

test("a disk that does not give frames back for a while loses none: nothing behind them is read before", () => {
  using folder = temporaryFolder();
  using _ = smallDisk(folder.path);
  const { log, lines } = recordingLogger();
  const path = join(folder.path, "spool.db");
  const spool = Spool.open({ path, maxBytes: 64 * MIB, clock: new FakeTime(0), log });
  fill(spool, 1, 10);
  fillDisk(join(folder.path, "ballast"));
  fill(spool, 11, 1000);
  const { frames } = spool.stats();
  const reading = spyOn(SpoolFile.prototype, "read").mockImplementation(() => {
    throw diskError();
  });
  expect(spool.read(0, 9999)).toEqual([]);
  expect(spool.readable).toBe(false);
  expect(spool.stats()).toMatchObject({ frames, corrupt: 0 });
  reading.mockRestore();
  expect(timestamps(spool.read(0, 9999)).slice(0, 2)).toEqual([1, 2]);
  expect(spool.readable).toBe(true);
  expect(lines.join("\n")).toMatch(/cannot be read.*disk I\/O error.*can be read again/s);
  rmSync(join(folder.path, "ballast"));
  spool.close();
});

test("what was overwritten stays counted while the file cannot be opened, and after it was replaced", () => {
  using folder = temporaryFolder();
  const clock = new FakeTime(0);
  const spool = openSpool(folder.path, MIB, clock);
  fill(spool, 1, 1000);
  const { overwritten } = spool.stats();
  expect(overwritten).toBeGreaterThan(100);
  const opening = spyOn(SpoolFile, "open").mockImplementation(() => {
    throw diskError();
  });
  const reading = spyOn(SpoolFile.prototype, "read").mockImplementation(() => {
    throw new SpoolDamaged("database disk image is malformed");
  });
  spool.read(0, 1);
  reading.mockRestore();
  expect(spool.stats()).toMatchObject({ corrupt: 1, overwritten });
  opening.mockRestore();
  clock.stall(10_000);
  fill(spool, 1001, 1);
  expect(spool.stats()).toMatchObject({ frames: 1, overwritten });
  spool.close();
});

test("a file that is opened late brings no jump of what was overwritten", () => {
  using folder = temporaryFolder();
  const before = openSpool(folder.path, MIB);
  fill(before, 1, 1000);
  before.close();
  const opening = spyOn(SpoolFile, "open").mockImplementation(() => {
    throw diskError();
  });
  const clock = new FakeTime(0);
  const spool = openSpool(folder.path, MIB, clock);
  expect(spool.stats().overwritten).toBe(0);
  opening.mockRestore();
  clock.stall(10_000);
  spool.resize(16 * MIB);
  fill(spool, 1001, 1);
  expect(spool.stats().frames).toBeGreaterThan(100);
  expect(spool.stats().overwritten).toBe(0);
  spool.close();
});

test("append() does not throw when the file is locked: the frames stay in memory until it is free", () => {
  using folder = temporaryFolder();
  const spool = openSpool(folder.path);
  fill(spool, 1, 2);
  const inserting = spyOn(SpoolFile.prototype, "insert").mockImplementation(() => {
    throw explained(diskError("SQLITE_BUSY", "database is locked"));
  });
  fill(spool, 3, 1);
  expect(spool.stats()).toMatchObject({ frames: 3, trouble: "database is locked" });
  expect(timestamps(spool.read(0, 9))).toEqual([1, 2, 3]);
  inserting.mockRestore();
  fill(spool, 4, 1);
  expect(spool.stats()).toMatchObject({ frames: 4, trouble: undefined });
  spool.close();
});

test("a spool that cannot be read for ten minutes is set aside: it would hold up all that follows", () => {
  using folder = temporaryFolder();
  const clock = new FakeTime(0);
  const spool = openSpool(folder.path, MIB, clock);
  fill(spool, 1, 10);
  const reading = spyOn(SpoolFile.prototype, "read").mockImplementation(() => {
    throw diskError();
  });
  spool.read(0, 9);
  clock.stall(599_000);
  spool.read(0, 9);
  expect(spool.stats()).toMatchObject({ frames: 10, corrupt: 0 });
  clock.stall(1_000);
  spool.read(0, 9);
  expect(spool.stats()).toMatchObject({ frames: 0, corrupt: 1, trouble: undefined });
  reading.mockRestore();
  fill(spool, 11, 1);
  expect(timestamps(spool.read(0, 9))).toEqual([11]);
  spool.close();
});

test("a second agent on the same data directory is refused with a sentence that says what to do", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "spool.db");
  const first = openSpool(folder.path);
  fill(first, 1, 1);
  const script = `
    import { Spool } from "${join(import.meta.dir, "../../src/agent/spool.ts")}";
    import { silentLogger } from "${join(import.meta.dir, "../../src/lib/log.ts")}";
    import { systemClock } from "${join(import.meta.dir, "../../src/lib/clock.ts")}";
    Spool.open({ path: ${JSON.stringify(path)}, maxBytes: 1048576, clock: systemClock, log: silentLogger });`;
  const second = Bun.spawnSync([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
  expect(second.exitCode).not.toBe(0);
  expect(second.stderr.toString()).toContain("another dcmon agent is running on this data directory");
  expect(timestamps(first.read(0, 9))).toEqual([1]);
  first.close();
});

test("kill -9 while appending loses no frame whose append has returned, and mixes up none", async () => {
  using folder = temporaryFolder();
  let returned: number[] = [];
  let next = 1;
  for (let kill = 0; kill < 8; kill++) {
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "spool_child.ts"), folder.path, String(next)],
      {
        stdout: "pipe",
      },
    );
    let seen = "";
    let lines = 0;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      seen += chunk;
      lines += chunk.split("\n").length - 1;
      if (lines > 20 + 40 * kill) child.kill("SIGKILL");
    }
    await child.exited;
    returned = returned.concat(seen.split("\n").slice(0, -1).map(Number));
    next = returned.at(-1)! + 1;

    const spool = openSpool(folder.path);
    const found = timestamps(spool.read(0, 100_000));
    expect(spool.stats().corrupt).toBe(0);
    // The one after the last may have been on its way.
    expect(found.slice(0, returned.length)).toEqual(returned);
    expect(found.length - returned.length).toBeLessThanOrEqual(1);
    if (found.length > returned.length) returned.push(next++);
    spool.close();
  }
  expect(returned.length).toBeGreaterThan(800);
});

test("on a full disk the newest frames stay in memory, are delivered, and reach the disk once there is room", () => {
  using folder = temporaryFolder();
  using _ = smallDisk(folder.path);
  const { log, lines } = recordingLogger();
  const path = join(folder.path, "spool.db");
  const spool = Spool.open({ path, maxBytes: 64 * MIB, clock: new FakeTime(0), log });
  fill(spool, 1, 100);
  fillDisk(join(folder.path, "ballast"));
  fill(spool, 101, 900);
  expect(spool.stats()).toMatchObject({ frames: 1000, lost: 0 });
  expect(spool.stats().trouble).toContain("full");
  expect(timestamps(spool.read(0, 2000))).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  const middle = spool.read(0, 600).at(-1)!;
  spool.acknowledge(middle.sequence);
  expect(timestamps(spool.read(0, 1))).toEqual([601]);

  rmSync(join(folder.path, "ballast"));
  fill(spool, 1001, 1);
  expect(spool.stats()).toMatchObject({ frames: 401, trouble: undefined, lost: 0 });
  spool.close();
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["error", "info"]);
  const again = openSpool(folder.path);
  expect(timestamps(again.read(0, 2000))).toEqual(Array.from({ length: 401 }, (_, i) => i + 601));
  again.close();
});

test("more than the memory holds while the disk is full: the oldest are lost, and counted", () => {
  using folder = temporaryFolder();
  using _ = smallDisk(folder.path);
  const spool = openSpool(folder.path, 64 * MIB);
  fillDisk(join(folder.path, "ballast"));
  fill(spool, 1, 4000);
  const { frames, lost } = spool.stats();
  expect(lost).toBeGreaterThan(1000);
  expect(frames + lost).toBe(4000);
  expect(timestamps(spool.read(0, 9999)).at(-1)).toBe(4000);
  rmSync(join(folder.path, "ballast"));
  spool.close();
});

test("an agent that starts on a full disk works in memory, and moves to the disk by itself", () => {
  using folder = temporaryFolder();
  using _ = smallDisk(folder.path);
  fillDisk(join(folder.path, "ballast"));
  const clock = new FakeTime(0);
  const spool = openSpool(folder.path, 4 * MIB, clock);
  const { epoch } = spool;
  let changes = 0;
  spool.onEpoch(() => changes++);
  fill(spool, 1, 3);
  expect(timestamps(spool.read(0, 9))).toEqual([1, 2, 3]);

  rmSync(join(folder.path, "ballast"));
  fill(spool, 4, 1);
  expect(changes).toBe(0);
  clock.stall(10_000);
  fill(spool, 5, 1);
  expect(changes).toBe(1);
  expect(spool.epoch).not.toBe(epoch);
  expect(spool.stats()).toMatchObject({ frames: 5, trouble: undefined, lost: 0 });
  spool.close();
  const again = openSpool(folder.path);
  expect(timestamps(again.read(0, 9))).toEqual([1, 2, 3, 4, 5]);
  again.close();
});

/** A file system of 2 MiB on the folder. */
function smallDisk(folder: string): Disposable {
  const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]);
  if (!mounted.success)
    throw new Error(`This test needs root, for a small tmpfs to fill: ${mounted.stderr.toString()}`);
  return { [Symbol.dispose]: () => void Bun.spawnSync(["umount", folder]) };
}

function fillDisk(path: string): void {
  const file = openSync(path, "a");
  try {
    for (;;) writeSync(file, new Uint8Array(4096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
  }
  closeSync(file);
}

/** As when bits of the n-th frame's payload have changed. */
function damageChecksum(path: string, n: number): void {
  using database = new Database(path);
  database.run(
    "UPDATE frames SET checksum = checksum + 1 WHERE sequence = (SELECT min(sequence) + ? FROM frames)",
    [n - 1],
  );
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

function overwritePages(path: string, at: number, pages: number): void {
  const size = statSync(path).size;
  const file = openSync(path, "r+");
  const start = Math.floor((size * at) / 4096) * 4096;
  writeSync(
    file,
    crypto.getRandomValues(new Uint8Array(Math.min(pages * 4096, 65_536, size - start))),
    0,
    undefined,
    start,
  );
  closeSync(file);
}

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor of the listing itself.
      return [];
    }
  });
}

function removed(path: string): string {
  rmSync(path);
  return path;
}

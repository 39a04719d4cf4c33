import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { layoutOf, StoreFixture, T0 } from "./fixture.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = temporaryFolder().path;
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const database = () => join(dataDir, "dcmon.db");

async function refusal(): Promise<string> {
  try {
    const fixture = await StoreFixture.open({ dataDir });
    await fixture.store.close();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the store opened");
}

test("a data directory is made for its owner alone", async () => {
  const inner = join(dataDir, "a", "b");
  const fixture = await StoreFixture.open({ dataDir: inner });
  expect(statSync(inner).mode & 0o777).toBe(0o700);
  for (const file of ["dcmon.db", "dcmon.db-wal", "dcmon.db-shm"])
    expect(statSync(join(inner, file)).mode & 0o777).toBe(0o600);
  await fixture.store.close();
  expect(readdirSync(inner).sort()).toEqual(["dcmon.db", "dcmon.lock"]);
});

test("a second server on the same data directory is refused, until the first has ended", async () => {
  const fixture = await StoreFixture.open({ dataDir });
  expect(await refusal()).toContain(
    `Cannot use the data directory "${dataDir}": another dcmon server is running`,
  );
  await fixture.store.close();
  await (await StoreFixture.open({ dataDir })).store.close();
});

test("a lock that cannot be taken for another reason is not told as another server", async () => {
  mkdirSync(join(dataDir, "dcmon.lock"));
  expect(await refusal()).toMatch(
    /^Cannot use the database ".*dcmon\.lock": .* \(SQLITE_CANTOPEN\w*\)\. Check that the directory exists and that/,
  );
});

test("a database of a newer dcmon is refused", async () => {
  await (await StoreFixture.open({ dataDir })).store.close();
  const newer = new Database(database());
  newer.run("PRAGMA user_version = 99");
  newer.close();
  expect(await refusal()).toContain("its schema is version 99, this dcmon knows versions up to 1. Install");
});

test("a file that is no database is refused, and left as it was", async () => {
  writeFileSync(
    database(),
    "this is not a database, though it is long enough to be taken for one".repeat(100),
  );
  const before = readFileSync(database());
  expect(await refusal()).toMatch(/Cannot use the database .* \(SQLITE_NOTADB\)\. Move the file .* aside/);
  expect(readFileSync(database())).toEqual(before);
});

test("a damaged database is refused with the next step", async () => {
  const fixture = await StoreFixture.open({ dataDir });
  const sender = fixture.sender(
    1,
    layoutOf(
      "a",
      Array.from({ length: 500 }, (_, i) => `m${i}`),
    ),
  );
  sender.send(
    T0,
    Array.from({ length: 500 }, (_, i) => i),
  );
  await sender.settled();
  await fixture.store.close();
  const bytes = readFileSync(database());
  bytes.fill(0xff, 4096, bytes.length);
  writeFileSync(database(), bytes);
  expect(await refusal()).toMatch(/SQLITE_CORRUPT.*restore a backup/);
  truncateSync(database(), 5000);
  expect(await refusal()).toMatch(/SQLITE_CORRUPT.*restore a backup/);
});

test("buckets of another width are refused", async () => {
  await (await StoreFixture.open({ dataDir })).store.close();
  await expect(StoreFixture.open({ dataDir, bucketMs: 1000 })).rejects.toThrow("it was made with 60000 ms");
});

test("buckets too short for a chunk's key are refused", async () => {
  await expect(StoreFixture.open({ dataDir, bucketMs: 999 })).rejects.toThrow("at least 1000 ms are needed");
});

test("a data directory that cannot be used is refused with the next step", async () => {
  writeFileSync(join(dataDir, "file"), "");
  await expect(StoreFixture.open({ dataDir: join(dataDir, "file", "inner") })).rejects.toThrow(
    /Cannot use the data directory .*a part of the path is a file.*--data-dir/,
  );
  chmodSync(dataDir, 0o700);
});

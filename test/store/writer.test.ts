import { afterEach, beforeEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { prepareDataDir } from "../../src/store/files.ts";
import type { BlockSnapshot } from "../../src/store/head/block.ts";
import type { CommitBatch, WriterReply } from "../../src/store/writer/protocol.ts";
import { Writer } from "../../src/store/writer/writer.ts";
import { temporaryFolder } from "../support/temporary.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = temporaryFolder().path;
  prepareDataDir(dataDir);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const EMPTY: CommitBatch = {
  series: [],
  layouts: [],
  streams: [],
  rows: new Float64Array(new SharedArrayBuffer(0)),
  rowCount: 0,
  payloads: new Uint8Array(new SharedArrayBuffer(0)),
};

test("while a seal fails again and again, commits that succeed do not say that all is well", async () => {
  const replies: WriterReply[] = [];
  const writer = new Writer(
    dataDir,
    (reply) => replies.push(reply),
    () => {},
  );
  writer.handle({ kind: "seal", id: 1, block: {} as BlockSnapshot });
  const troubles = () => replies.filter((reply) => reply.kind === "trouble");
  let id = 2;
  for (; troubles().length < 3; id++) {
    writer.handle({ kind: "commit", id, batch: EMPTY });
    await Bun.sleep(20);
  }
  writer.handle({ kind: "close" });
  expect(troubles().filter(({ message }) => message === undefined)).toEqual([]);
  expect(replies.filter((reply) => reply.kind === "done")).toHaveLength(id - 2);
});

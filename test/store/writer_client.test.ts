import { expect, test } from "bun:test";
import { silentLogger } from "../../src/lib/log.ts";
import { WriterClient } from "../../src/store/writer/client.ts";

/** A thread that ends with an error at its first message. */
function failingWorker(): Worker {
  const code = new Blob(['self.onmessage = () => { throw new Error("out of memory"); };']);
  return new Worker(URL.createObjectURL(code), { type: "module" });
}

test("once the writer's thread has ended, what waits and what comes fails at once", async () => {
  const client = new WriterClient(failingWorker(), silentLogger);
  const opened = client.open({ dataDir: "/nowhere", tracePhases: false });
  const waiting = client.trim({ below: 1, positions: [], forgotten: [] });
  const failure =
    "Cannot store anything more: the writer's thread ended (error: out of memory). Restart dcmon.";
  const messages = [opened, waiting, client.failed].map((promise) =>
    promise.then(
      () => "resolved",
      (error: Error) => error.message,
    ),
  );
  expect(await Promise.all(messages)).toEqual([failure, failure, failure]);
  expect(client.createSession("h", 1)).rejects.toThrow(failure);
  expect(client.trouble).toBe(failure);
  await client.close();
});

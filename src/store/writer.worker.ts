import { writeSync } from "node:fs";
import type { WriterReply, WriterRequest } from "./writer/protocol.ts";
import { Writer } from "./writer/writer.ts";

declare const self: Worker;

const STDERR = 2;
let writer: Writer | undefined;

self.onmessage = ({ data: request }: MessageEvent<WriterRequest>) => {
  if (request.kind !== "open") {
    writer?.handle(request);
    return;
  }
  // Straight to the file descriptor: a line must be out before the phase that it announces begins.
  const trace = request.tracePhases ? (phase: string) => void writeSync(STDERR, `${phase}\n`) : () => {};
  writer = new Writer(request.dataDir, (reply: WriterReply) => self.postMessage(reply), trace);
  self.postMessage({ kind: "opened" } satisfies WriterReply);
};

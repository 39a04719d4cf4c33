import { closeSync, openSync } from "node:fs";

/** Beside this file when dcmon runs from its sources. */
const SOURCES = {
  writer: new URL("./writer.worker.ts", import.meta.url).href,
  query: new URL("./query.worker.ts", import.meta.url).href,
};

/** In the executable, whose entry points `npm run build` lists: named from the folder that they have in common, src. */
const EMBEDDED = { writer: "./store/writer.worker.ts", query: "./store/query.worker.ts" };

export function spawnWorker(kind: "writer" | "query"): Worker {
  const compiled = Bun.main.startsWith("/$bunfs/");
  return new Worker((compiled ? EMBEDDED : SOURCES)[kind]);
}

/** More than a worker opens until it has read its first row. */
const WORKER_DESCRIPTORS = 16;

/**
 * Whether the process has file descriptors for another worker. A worker that finds none when it starts ends the
 * whole process, and no error can be caught.
 */
export function hasRoomForWorker(): boolean {
  const probes: number[] = [];
  try {
    while (probes.length < WORKER_DESCRIPTORS) probes.push(openSync("/dev/null", "r"));
    return true;
  } catch {
    // Whatever the reason: what cannot open /dev/null starts no worker.
    return false;
  } finally {
    for (const descriptor of probes) closeSync(descriptor);
  }
}

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

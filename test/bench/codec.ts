import { ChunkEncoder, chunkCount, chunkSummary, decodeChunk } from "../../src/store/codec.ts";
import { gorillaBits } from "./gorilla.ts";
import { loadRecording } from "./recording.ts";
import { printTable } from "./table.ts";

/** Bytes a sample and time a sample of the chunk codec, on recorded /proc data and on one synthetic chunk per codec. */
export async function benchCodec(): Promise<void> {
  const { phases } = await loadRecording();
  for (const [phase, columns] of Object.entries(phases)) {
    const chunks = Object.entries(columns).map(([name, values]) => chunkOf(name, Float64Array.from(values)));
    console.log(`\nrecorded /proc, ${phase}: ${chunks.length} series × ${chunks[0]!.count} samples`);
    reportSizes(chunks, (chunk) => chunk.codec);
    reportSizes(chunks, (chunk) => chunk.kind);
    console.log("time a sample");
    printTable(["", "encode ns", "decode ns", "decode M/s", "summary ns a chunk"], [timeRow("all", chunks)]);
  }
  console.log("\none synthetic chunk of 360 samples per codec");
  const header = ["", "bytes a sample", "encode ns", "decode ns", "decode M/s", "summary ns a chunk"];
  printTable(
    header,
    synthetic().map((chunk) => {
      const [name, ...times] = timeRow(chunk.kind, [chunk]);
      return [name!, (chunk.bytes.length / chunk.count).toFixed(2), ...times];
    }),
  );
}

interface Chunk {
  kind: string;
  codec: string;
  count: number;
  timestamps: Float64Array;
  values: Float64Array;
  bytes: Uint8Array;
}

const CODECS = ["constant", "packed", "doubles"];

function chunkOf(name: string, values: Float64Array): Chunk {
  const timestamps = Float64Array.from(values, (_, i) => 1_795_000_000_137 + 5000 * i);
  const bytes = new ChunkEncoder().encode(timestamps, values);
  return {
    kind: kindOf(name),
    codec: CODECS[(bytes[0]! >> 3) & 3]!,
    count: values.length,
    timestamps,
    values,
    bytes,
  };
}

/** `node_disk_read_bytes_total{…}` → `disk bytes` and so on: coarse enough to read at a glance. */
function kindOf(name: string): string {
  const metric = name.replace(/\{.*/, "").replace(/^node_/, "");
  if (!/^(cpu|disk|network|memory|load|vmstat)/.test(metric)) return "stat";
  const family = metric.replace(/_.*/, "").replace(/\d+$/, "");
  const unit = /(seconds|bytes)/.exec(metric)?.[1];
  return unit === undefined ? family : `${family} ${unit}`;
}

function reportSizes(chunks: Chunk[], groupOf: (chunk: Chunk) => string): void {
  const groups = Map.groupBy(chunks, groupOf);
  const rows = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, members]) => sizeRow(name, members));
  printTable(
    ["", "series", "dcmon B/sample", "min … max", "zstd-1 of raw values", "Gorilla"],
    [...rows, sizeRow("all", chunks)],
  );
}

function sizeRow(name: string, chunks: Chunk[]): string[] {
  const samples = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
  const perSample = (size: (chunk: Chunk) => number) =>
    (chunks.reduce((sum, chunk) => sum + size(chunk), 0) / samples).toFixed(3);
  const each = chunks.map((chunk) => chunk.bytes.length / chunk.count);
  return [
    name,
    String(chunks.length),
    perSample((chunk) => chunk.bytes.length),
    `${Math.min(...each).toFixed(2)} … ${Math.max(...each).toFixed(2)}`,
    perSample((chunk) => Bun.zstdCompressSync(new Uint8Array(chunk.values.buffer), { level: 1 }).length),
    perSample((chunk) => gorillaBits(chunk.timestamps, chunk.values) / 8),
  ];
}

function timeRow(name: string, chunks: Chunk[]): string[] {
  const samples = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
  const encoder = new ChunkEncoder();
  const timestamps = new Float64Array(4096);
  const values = new Float64Array(4096);
  const encode = fastest(() => {
    for (const chunk of chunks) encoder.encode(chunk.timestamps, chunk.values);
  });
  const decode = fastest(() => {
    for (const { bytes } of chunks) if (chunkCount(bytes) <= 4096) decodeChunk(bytes, timestamps, values, 0);
  });
  const summary = fastest(() => {
    for (const { bytes } of chunks) chunkSummary(bytes);
  });
  return [
    name,
    (encode / samples).toFixed(1),
    (decode / samples).toFixed(2),
    ((samples / decode) * 1000).toFixed(0),
    (summary / chunks.length).toFixed(0),
  ];
}

/** Nanoseconds of one run: the fastest of many batches, since whatever else runs only adds. */
function fastest(run: () => void): number {
  for (const start = performance.now(); performance.now() - start < 300; ) run();
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < 40; batch++) {
    const start = performance.now();
    let runs = 0;
    do {
      run();
      runs++;
    } while (performance.now() - start < 10);
    best = Math.min(best, ((performance.now() - start) * 1e6) / runs);
  }
  return best;
}

function synthetic(): Chunk[] {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const column = (name: string, value: (i: number) => number): Chunk => {
    const chunk = chunkOf(
      "stat",
      Float64Array.from({ length: 360 }, (_, i) => value(i)),
    );
    return { ...chunk, kind: `${chunk.codec}: ${name}` };
  };
  let counter = 4_000_000;
  const advance = (by: number) => {
    counter += by;
    return counter;
  };
  return [
    column("4096", () => 4096),
    column("counter of bytes", () => advance(Math.floor(random() * 100_000))),
    column("counter of hundredths of a second", () => advance(480 + Math.floor(random() * 20)) / 100),
    column("gauge in pages", () => 4096 * (900_000 + Math.floor(random() * 4000))),
    column("temperature in tenths", () => (400 + Math.floor(random() * 30)) / 10),
    column("counter, 40-bit steps", () => advance(Math.floor(random() * 2 ** 40))),
    column("sine", (i) => Math.sin(i / 20)),
    column("random", () => random() * Math.PI),
  ];
}

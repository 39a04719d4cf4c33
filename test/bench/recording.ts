import { join } from "node:path";

/** What record-proc.ts writes: for each phase, each series' values at equal intervals. */
export interface Recording {
  /** Milliseconds between two readings. */
  interval: number;
  phases: Record<"idle" | "busy", Record<string, number[]>>;
}

/** The recording that stands in test/fixtures; its ORIGIN.md says where it comes from. */
export async function loadRecording(): Promise<Recording> {
  const file = join(import.meta.dir, "../fixtures/codec/proc.json.zst");
  return JSON.parse(
    Buffer.from(Bun.zstdDecompressSync(await Bun.file(file).bytes())).toString(),
  ) as Recording;
}

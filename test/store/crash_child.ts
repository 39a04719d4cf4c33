import { writeSync } from "node:fs";
import { silentLogger } from "../../src/lib/log.ts";
import { Store } from "../../src/store/store.ts";
import { layoutHash } from "../../src/wire/layout.ts";
import { encodeValues } from "../../src/wire/values.ts";
import { HeldClock } from "../support/held_clock.ts";
import { layoutOf, T0 } from "./fixture.ts";

/**
 * Sends frames as fast as they are acknowledged until it is killed. Says on stdout, in lines that are out when the
 * thing has happened: `open OWNER SEQUENCE` and `ack OWNER SEQUENCE`.
 */
export const OWNERS = 10;
export const SERIES = 8;
export const TICK_MS = 100;
export const CRASH_BUCKET_MS = 1000;
export const CRASH_RETENTION_MS = 100_000;
const WINDOW = 40;

export function crashTime(sequence: number): number {
  return T0 + sequence * TICK_MS;
}

export function crashValue(owner: number, series: number, sequence: number): number {
  return owner * 1_000_000 + series * 0.5 + sequence;
}

async function run(dataDir: string): Promise<void> {
  const clock = new HeldClock(T0);
  // Every earlier run is within the retention or before it, as its time says.
  clock.time = Number(process.argv[3]);
  const store = await Store.open({
    dataDir,
    bucketMs: CRASH_BUCKET_MS,
    retentionMs: CRASH_RETENTION_MS,
    queryWorkers: 1,
    queryTimeoutMs: 10_000,
    clock,
    log: silentLogger,
  });
  const say = (line: string) => void writeSync(1, `${line}\n`);
  const ownerOf = new Map<number, number>();
  const acknowledged = new Map<number, number>();
  store.onDurable((stream, sequence) => {
    acknowledged.set(stream, sequence);
    say(`ack ${ownerOf.get(stream)} ${sequence}`);
  });
  const senders = Array.from({ length: OWNERS }, (_, i) => {
    const owner = i + 1;
    const layout = layoutOf(
      `n${owner}`,
      Array.from({ length: SERIES }, (_, k) => `m${k}`),
    );
    const { stream, sequence } = store.openStream(owner, "epoch");
    ownerOf.set(stream, owner);
    acknowledged.set(stream, sequence);
    say(`open ${owner} ${sequence}`);
    return { owner, stream, sequence, layout: store.registerLayout(owner, layout, layoutHash(layout)).id };
  });
  for (;;) {
    for (const sender of senders) {
      const { owner, stream, layout } = sender;
      if (sender.sequence - acknowledged.get(stream)! >= WINDOW) continue;
      const sequence = ++sender.sequence;
      const timestamp = crashTime(sequence);
      clock.time = Math.max(clock.time, timestamp);
      const values = Array.from({ length: SERIES }, (_, k) => crashValue(owner, k, sequence));
      store.append({ stream, owner, layout, sequence, timestamp, payload: encodeValues(values) });
    }
    await Bun.sleep(1);
  }
}

if (import.meta.main) void run(process.argv[2]!);

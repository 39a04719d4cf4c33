import { readFileSync } from "node:fs";

/** What the simulated agents wrote, line by line, outside of every process that is killed. */
export interface Ledger {
  /** Timestamps (ms) of the frames that reached the spool's disk, by agent. */
  readonly spooled: ReadonlyMap<number, ReadonlySet<number>>;
  /** Of those, the ones that the server acknowledged. */
  readonly acknowledged: ReadonlyMap<number, ReadonlySet<number>>;
}

/**
 * Reads lines `S agent epoch sequence timestamp` (spooled) and `A agent epoch sequence` (acknowledged up to here).
 * A last line without its end is left out: the process died while it wrote, before it acted on it.
 */
export function readLedger(path: string): Ledger {
  const spooled = new Map<number, Set<number>>();
  const acknowledged = new Map<number, Set<number>>();
  const waiting = new Map<string, { sequence: number; timestamp: number }[]>();
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  for (const line of lines) {
    const [kind, agent, epoch, sequence, timestamp] = line.split(" ");
    const stream = `${agent} ${epoch}`;
    if (kind === "S") {
      entry(spooled, Number(agent), () => new Set()).add(Number(timestamp));
      entry(waiting, stream, () => []).push({ sequence: Number(sequence), timestamp: Number(timestamp) });
    } else if (kind === "A") {
      const frames = waiting.get(stream) ?? [];
      const known = entry(acknowledged, Number(agent), () => new Set<number>());
      while (frames.length > 0 && frames[0]!.sequence <= Number(sequence))
        known.add(frames.shift()!.timestamp);
    } else throw new Error(`Unknown ledger line: ${line}`);
  }
  return { spooled, acknowledged };
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

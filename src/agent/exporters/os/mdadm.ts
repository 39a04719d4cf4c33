import type { Sample } from "../exporter.ts";
import { fileCollector } from "./collector.ts";
import { Malformed, numberOf, sample } from "./text.ts";

/** The states that node_md_state can show; exactly one of them is 1. */
const STATES = ["active", "inactive", "recovering", "resync", "check"] as const;
type State = (typeof STATES)[number];

interface MdArray {
  readonly device: string;
  readonly state: State;
  readonly active: number;
  readonly failed: number;
  readonly spare: number;
  readonly required: number;
  /** KiB. */
  readonly blocks: number;
  readonly synced: number;
}

/** Each array is `md0 : active raid1 sdb1[1] sda1[0](F)`, a line with its size, and perhaps one of progress. */
export function parseMdstat(text: string): MdArray[] {
  const arrays: MdArray[] = [];
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    if (!/^\S+ : /.test(line) || line.startsWith("Personalities")) continue;
    const details: string[] = [];
    for (let next = i + 1; next < lines.length && /^\s+\S/.test(lines[next]!); next++)
      details.push(lines[next]!);
    arrays.push(parseArray(line, details));
  }
  return arrays;
}

function parseArray(line: string, details: readonly string[]): MdArray {
  const [device = "", , activity] = line.split(/\s+/);
  const size = /^\s*([0-9]+) blocks/.exec(details[0] ?? "");
  if (size === null)
    throw new Malformed("/proc/mdstat", `the size of ${device} in blocks`, details[0] ?? "nothing");
  const blocks = numberOf(size[1], "/proc/mdstat", "blocks");
  const state = activity === "inactive" ? "inactive" : "active";
  const counts = {
    device,
    blocks,
    failed: occurrences(line, "(F)"),
    spare: occurrences(line, "(S)"),
    ...diskCounts(line, details[0]!, state),
  };
  const progress = details.slice(1).find((detail) => /(recovery|resync|check|reshape)\s*=/.test(detail));
  if (progress === undefined) return { ...counts, state, synced: blocks };
  return { ...counts, state: progressState(progress), synced: syncedBlocks(progress) };
}

/** `[3/2]`: three wanted, two there. Arrays without redundancy say only what they consist of. */
function diskCounts(line: string, detail: string, state: State): { active: number; required: number } {
  const ratio = /\[([0-9]+)\/([0-9]+)\]/.exec(detail);
  if (ratio !== null) return { required: Number(ratio[1]), active: Number(ratio[2]) };
  const members = state === "inactive" ? 0 : occurrences(line, "[");
  return { active: members, required: members };
}

/** A reshape redistributes data as a resync does. */
function progressState(progress: string): State {
  if (progress.includes("recovery")) return "recovering";
  return progress.includes("check") ? "check" : "resync";
}

/** `recovery = 3.9% (6016/155136) …`, or `resync=PENDING` and `resync=DELAYED` for what has not begun. */
function syncedBlocks(progress: string): number {
  const done = /\(([0-9]+)\/[0-9]+\)/.exec(progress);
  return done === null ? 0 : Number(done[1]);
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

function mdSamples(array: MdArray): Sample[] {
  const { device } = array;
  const disks = (state: string, count: number) =>
    sample("node_md_disks", count, [
      ["device", device],
      ["state", state],
    ]);
  return [
    disks("active", array.active),
    disks("failed", array.failed),
    disks("spare", array.spare),
    sample("node_md_disks_required", array.required, [["device", device]]),
    sample("node_md_blocks", array.blocks, [["device", device]]),
    sample("node_md_blocks_synced", array.synced, [["device", device]]),
    ...STATES.map((state) =>
      sample("node_md_state", state === array.state ? 1 : 0, [
        ["device", device],
        ["state", state],
      ]),
    ),
  ];
}

export const mdadm = fileCollector(
  "mdadm",
  (host) => host.proc("mdstat"),
  (text) => parseMdstat(text).flatMap(mdSamples),
);

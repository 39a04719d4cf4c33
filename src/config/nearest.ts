import type { Key } from "./keys.ts";

/** Keys of the systems that dcmon grew from, which are not its own, and what stands in their place. */
const FORMER: Readonly<Record<string, string>> = {
  logs_days: "this version keeps no logs, there is no such option",
  client_cert_dir:
    "there is no such option: clients and their certificates are in the database in server.data_dir",
  tls_cert:
    "there is no such option: the server issues its own certificate, in the folder pki of server.data_dir",
  tls_key: "there is no such option: the server makes its own key, in the folder pki of server.data_dir",
  api_key:
    'there is no such option: agents enrol with "dcmon token create", API callers use server.admin_token_file',
  stale_threshold_seconds: "its successor is server.down_after",
  database: "there is no such option: samples are kept in server.data_dir, no database server is needed",
  table_name: "there is no such option: samples are kept in server.data_dir",
  capacity: "its successor is server.metrics_days",
  node_name: "its successor is agent.name",
  master: "its successor is the label master in agent.labels",
  node_seconds: "its successor is agent.exporters.os.interval",
  container_seconds: "this version reads no containers, there is no such option",
  containers: "this version reads no containers, there is no such option",
  monitoring: "its successor is agent",
  logging: "its successors are log_level, log_format and log_file in server and agent",
};

/** What to do about an unknown key. */
export function hintFor(path: readonly string[], keys: readonly Key[]): string {
  const name = path.at(-1) ?? "";
  const former = FORMER[name.toLowerCase()];
  if (former !== undefined) return former;
  const names = keys.map((key) => key.path.join("."));
  const moved = keys.find((key) => key.path.at(-1) === name.toLowerCase());
  return `nearest valid key: ${moved?.path.join(".") ?? nearest(path.join("."), names)}`;
}

/** The candidate with the fewest edits. @throws RangeError without candidates. */
export function nearest(text: string, candidates: readonly string[]): string {
  const [first, ...rest] = candidates;
  if (first === undefined) throw new RangeError("Cannot suggest a name: there are no candidates.");
  let best = first;
  for (const candidate of rest) if (edits(text, candidate) < edits(text, best)) best = candidate;
  return best;
}

/** Levenshtein distance, where two swapped neighbours are one edit (optimal string alignment). */
function edits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column - 1]! + (same ? 0 : 1), last[column]! + 1, current[column - 1]! + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}

import type { Host } from "../../host.ts";
import type { Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { numberOf, sample } from "./text.ts";

const SCAN_MAX_AGE_MS = 5 * 60_000;

interface Counter {
  readonly metric: string;
  readonly path: string;
  readonly labels: Sample["labels"];
}

/** Memory errors per controller and per row of chips; `unknown` are those that no row could be told for. */
export function createEdac(): Collector {
  const counters = new Cached(SCAN_MAX_AGE_MS, scan);
  return {
    name: "edac",
    collect: (host) =>
      counters.get(host).flatMap(({ metric, path, labels }) => {
        const count = host.readValue(path);
        return count === undefined ? [] : [sample(metric, numberOf(count, path, "a count"), labels)];
      }),
  };
}

function scan(host: Host): Counter[] {
  const root = host.sys("devices/system/edac/mc");
  return numbered(host, root, "mc").flatMap((controller) => {
    const directory = `${root}/mc${controller}`;
    return [
      ...pair("", directory, "ce_count", "ue_count", [["controller", controller]]),
      ...pair("csrow_", directory, "ce_noinfo_count", "ue_noinfo_count", [
        ["controller", controller],
        ["csrow", "unknown"],
      ]),
      ...numbered(host, directory, "csrow").flatMap((csrow) =>
        pair("csrow_", `${directory}/csrow${csrow}`, "ce_count", "ue_count", [
          ["controller", controller],
          ["csrow", csrow],
        ]),
      ),
    ];
  });
}

function pair(
  prefix: string,
  directory: string,
  ce: string,
  ue: string,
  labels: Sample["labels"],
): Counter[] {
  return [
    { metric: `node_edac_${prefix}correctable_errors_total`, path: `${directory}/${ce}`, labels },
    { metric: `node_edac_${prefix}uncorrectable_errors_total`, path: `${directory}/${ue}`, labels },
  ];
}

/** The numbers of entries such as `mc0` and `mc1`. */
function numbered(host: Host, directory: string, prefix: string): string[] {
  const entries = host.list(directory) ?? [];
  return entries
    .filter((entry) => entry.startsWith(prefix) && /^[0-9]+$/.test(entry.slice(prefix.length)))
    .map((entry) => entry.slice(prefix.length));
}

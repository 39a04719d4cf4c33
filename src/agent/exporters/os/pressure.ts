import { NoData, type Sample } from "../exporter.ts";
import type { Collector } from "./collector.ts";
import { linesOf, numberOf, sample } from "./text.ts";

/**
 * Totals of /proc/pressure/<resource>, in seconds. `some`: at least one task waited; `full`: none could go on. For the
 * CPU `full` has no meaning on the whole machine.
 */
export function parsePressure(resource: "cpu" | "io" | "memory", text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of linesOf(text)) {
    const kind = line.slice(0, line.indexOf(" "));
    const at = line.indexOf("total=");
    if (kind !== "some" && (kind !== "full" || resource === "cpu")) continue;
    const file = `/proc/pressure/${resource}`;
    const microseconds = numberOf(at < 0 ? undefined : line.slice(at + 6), file, `the total of "${kind}"`);
    const what = kind === "some" ? "waiting" : "stalled";
    samples.push(sample(`node_pressure_${resource}_${what}_seconds_total`, microseconds / 1e6));
  }
  return samples;
}

/** The kernel was started with psi=0: the files are there, reading them is refused. */
export const pressure: Collector = {
  name: "pressure",
  collect(host) {
    return (["cpu", "io", "memory"] as const).flatMap((resource) => {
      const text = host.readValue(host.proc(`pressure/${resource}`));
      if (text === undefined)
        throw new NoData(`/proc/pressure/${resource} is not there or not enabled (psi=1)`);
      return parsePressure(resource, text);
    });
  },
};

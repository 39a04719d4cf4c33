import type { Host } from "../../host.ts";
import type { Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { sample } from "./text.ts";

const SCAN_MAX_AGE_MS = 5 * 60_000;
/** Firmware answers for a zone, sometimes slowly. */
const ANSWER_TIMEOUT_MS = 500;

interface ThermalFile {
  readonly metric: string;
  readonly path: string;
  readonly factor: number;
  readonly labels: Sample["labels"];
}

export function createThermalZone(): Collector {
  const files = new Cached(SCAN_MAX_AGE_MS, scan);
  return {
    name: "thermal_zone",
    async collect(host) {
      const known = files.get(host);
      if (known.length === 0) return [];
      const paths = known.map(({ path }) => path);
      const values = await host.readSlowValues("/sys/class/thermal", paths, ANSWER_TIMEOUT_MS);
      return known.flatMap((file, i) => thermalSample(file, values[i]));
    },
  };
}

/** A disabled zone or a sensor without a value has none to give. */
function thermalSample(file: ThermalFile, text: string | undefined): Sample[] {
  const value = Number(text || Number.NaN);
  return Number.isFinite(value) ? [sample(file.metric, value * file.factor, file.labels)] : [];
}

function scan(host: Host): ThermalFile[] {
  const files: ThermalFile[] = [];
  for (const entry of host.list(host.sys("class/thermal")) ?? []) {
    const directory = host.sys(`class/thermal/${entry}`);
    const [, kind, number] = /^(thermal_zone|cooling_device)([0-9]+)$/.exec(entry) ?? [];
    if (kind === undefined || number === undefined) continue;
    const type = host.readValue(`${directory}/type`) ?? "";
    if (kind === "thermal_zone") {
      const labels = [
        ["type", type],
        ["zone", number],
      ] as const;
      files.push({ metric: "node_thermal_zone_temp", path: `${directory}/temp`, factor: 1e-3, labels });
    } else {
      const labels = [
        ["name", number],
        ["type", type],
      ] as const;
      files.push(
        { metric: "node_cooling_device_cur_state", path: `${directory}/cur_state`, factor: 1, labels },
        { metric: "node_cooling_device_max_state", path: `${directory}/max_state`, factor: 1, labels },
      );
    }
  }
  return files;
}

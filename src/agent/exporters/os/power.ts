import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { numberOf, sample, wordsOf } from "./text.ts";

const SCAN_MAX_AGE_MS = 5 * 60_000;

interface RaplZone {
  readonly metric: string;
  readonly labels: Sample["labels"];
  readonly file: string;
}

/** Energy that CPU packages and memory used, as the CPU estimates it. Since Linux 5.10 only root may read it. */
export function createRapl(): Collector {
  const zones = new Cached(SCAN_MAX_AGE_MS, scanRapl);
  return {
    name: "rapl",
    collect: (host) =>
      zones.get(host).flatMap(({ metric, labels, file }) => {
        const microjoules = host.readValue(file);
        return microjoules === undefined
          ? []
          : [sample(metric, numberOf(microjoules, file, "µJ") / 1e6, labels)];
      }),
  };
}

/** `package-0` carries its index; of `core` and `dram`, which do not, the n-th is index n. */
function scanRapl(host: Host): RaplZone[] {
  const entries = host.list(host.sys("class/powercap"));
  if (entries === undefined) throw new NoData("/sys/class/powercap is not there");
  const used = new Map<string, number>();
  return entries.flatMap((entry) => {
    const path = host.sys(`class/powercap/${entry}`);
    const zone = host.readValue(`${path}/name`);
    if (zone === undefined || !host.exists(`${path}/energy_uj`)) return [];
    if (!host.mayRead(`${path}/energy_uj`)) throw new NoData(`only root may read ${path}/energy_uj`);
    const [, plain, index] = /^([^-]+)-([0-9]+)$/.exec(zone) ?? [];
    const name = plain ?? zone;
    const at = index === undefined ? (used.get(name) ?? 0) : Number(index);
    used.set(name, at + 1);
    const metric = `node_rapl_${name.replace(/[^a-zA-Z0-9_]/g, "_")}_joules_total`;
    return [
      {
        metric,
        labels: [
          ["index", String(at)],
          ["path", path],
        ],
        file: `${path}/energy_uj`,
      },
    ];
  });
}

/** Attribute of /sys/class/power_supply → metric; µ units and tenths of a degree become base units. */
const SUPPLY_METRICS: ReadonlyMap<string, readonly [name: string, factor: number]> = new Map(
  supplyTable([
    [
      1,
      "authentic calibrate capacity capacity_alert_max capacity_alert_min cycle_count:cyclecount online present",
    ],
    [1, "time_to_empty_now:time_to_empty_seconds time_to_full_now:time_to_full_seconds"],
    [
      1e-6,
      "current_boot current_max current_now:current_ampere energy_empty energy_empty_design energy_full",
    ],
    [
      1e-6,
      "energy_full_design energy_now:energy_watthour voltage_boot voltage_max voltage_max_design voltage_min",
    ],
    [
      1e-6,
      "voltage_min_design voltage_now:voltage_volt voltage_ocv charge_control_limit charge_control_limit_max",
    ],
    [
      1e-6,
      "charge_counter charge_empty charge_empty_design charge_full charge_full_design charge_now:charge_ampere",
    ],
    [1e-6, "charge_term_current constant_charge_current constant_charge_current_max constant_charge_voltage"],
    [1e-6, "constant_charge_voltage_max precharge_current input_current_limit power_now:power_watt"],
    [0.1, "temp:temp_celsius temp_alert_max:temp_alert_max_celsius temp_alert_min:temp_alert_min_celsius"],
    [0.1, "temp_ambient:temp_ambient_celsius temp_ambient_max:temp_ambient_max_celsius"],
    [0.1, "temp_ambient_min:temp_ambient_min_celsius temp_max:temp_max_celsius temp_min:temp_min_celsius"],
  ]),
);
const SUPPLY_LABELS = new Set(
  "capacity_level charge_type health manufacturer model_name scope serial_number status technology type usb_type".split(
    " ",
  ),
);

function supplyTable(rows: readonly (readonly [factor: number, names: string])[]) {
  return rows.flatMap(([factor, names]) =>
    wordsOf(names).map((word) => {
      const [attribute = "", name = attribute] = word.split(":");
      return [attribute, [name, factor] as const] as const;
    }),
  );
}

/** Mains, batteries and UPSes that the kernel knows; a server's own supplies are the BMC's to tell. */
export const powerSupply: Collector = {
  name: "powersupplyclass",
  collect(host) {
    const supplies = host.list(host.sys("class/power_supply"));
    if (supplies === undefined) throw new NoData("/sys/class/power_supply is not there");
    return supplies.flatMap((supply) => supplySamples(host, supply));
  },
};

function supplySamples(host: Host, supply: string): Sample[] {
  const directory = host.sys(`class/power_supply/${supply}`);
  const samples: Sample[] = [];
  const info: (readonly [string, string])[] = [["power_supply", supply]];
  for (const attribute of host.list(directory) ?? []) {
    const metric = SUPPLY_METRICS.get(attribute);
    if (metric === undefined && !SUPPLY_LABELS.has(attribute)) continue;
    const value = host.readValue(`${directory}/${attribute}`);
    if (value === undefined || value === "") continue;
    if (metric === undefined) info.push([attribute, value]);
    else {
      const [name, factor] = metric;
      const number = numberOf(value, `${directory}/${attribute}`, attribute);
      samples.push(sample(`node_power_supply_${name}`, scaled(number, factor), [["power_supply", supply]]));
    }
  }
  return [...samples, sample("node_power_supply_info", 1, info)];
}

/** By division, which is exact where multiplying by a tenth is not. */
function scaled(value: number, factor: number): number {
  return value / Math.round(1 / factor);
}

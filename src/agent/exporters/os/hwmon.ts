import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { cleanName, parseSensorFile, sensorSamples } from "./hwmon_values.ts";
import { sample } from "./text.ts";

/** Chips, their files and what does not change (limits, labels) are looked at again after this. */
const SCAN_MAX_AGE_MS = 5 * 60_000;
/** A chip that has not answered by then gives nothing this tick. */
const ANSWER_TIMEOUT_MS = 1000;
/** Drivers that read registers of the CPU or of a port: they answer at once. Others may wait for a bus or a drive. */
const IMMEDIATE = /^(coretemp|k10temp|k8temp|zenpower|nct\d+|it\d+|w83\w+|f71\w+|acpitz)$/;
/** Attributes that move; the others are limits, labels and settings. */
const MOVING = /^$|input|average$|alarm|fault|lowest|highest/;

interface SensorPath {
  readonly sensor: string;
  readonly attribute: string;
  readonly path: string;
}

interface Chip {
  /** Unique: bus and device, as `platform_coretemp_0`. */
  readonly name: string;
  readonly driver: string;
  readonly directory: string;
  readonly moving: readonly SensorPath[];
  readonly settled: readonly (SensorPath & { readonly value: string })[];
}

/** @param onTrouble told why a chip gives nothing, undefined when it answers again */
export function createHwmon(onTrouble: (chip: string, reason: string | undefined) => void): Collector {
  const chips = new Cached(SCAN_MAX_AGE_MS, scanChips);
  return {
    name: "hwmon",
    async collect(host) {
      const perChip = await Promise.all(
        chips.get(host).map(async (chip) => {
          try {
            const samples = await chipSamples(host, chip);
            onTrouble(chip.name, undefined);
            return samples;
          } catch (error) {
            onTrouble(chip.name, (error as Error).message);
            return [];
          }
        }),
      );
      return perChip.flat();
    },
  };
}

function scanChips(host: Host): Chip[] {
  const names = host.list(host.sys("class/hwmon"));
  if (names === undefined) throw new NoData("/sys/class/hwmon is not there");
  return names.map((name) => scanChip(host, host.sys(`class/hwmon/${name}`)));
}

function scanChip(host: Host, directory: string): Chip {
  const moving: SensorPath[] = [];
  const settled: (SensorPath & { value: string })[] = [];
  // Old drivers keep their files in the device's directory.
  for (const at of [directory, `${directory}/device`]) {
    for (const file of host.list(at) ?? []) {
      const parsed = parseSensorFile(file);
      if (parsed === undefined) continue;
      const found = { sensor: parsed.sensor, attribute: parsed.attribute, path: `${at}/${file}` };
      if (MOVING.test(parsed.attribute)) moving.push(found);
      else settled.push({ ...found, value: host.readValue(found.path) ?? "" });
    }
  }
  const driver = cleanName(host.readValue(`${directory}/name`) ?? "");
  return { name: chipName(host, directory, driver), driver, directory, moving, settled };
}

/** hwmon numbers change between boots; the device's place on its bus does not. */
function chipName(host: Host, directory: string, driver: string): string {
  const device = host.resolve(`${directory}/device`)?.split("/").slice(-2).map(cleanName);
  const stable = device?.filter((part) => part !== "").join("_");
  if (stable) return stable;
  return driver || cleanName((host.resolve(directory) ?? directory).split("/").at(-1)!);
}

async function chipSamples(host: Host, chip: Chip): Promise<Sample[]> {
  const paths = chip.moving.map(({ path }) => path);
  const values = IMMEDIATE.test(chip.driver)
    ? paths.map((path) => host.readValue(path))
    : await host.readSlowValues(chip.directory, paths, ANSWER_TIMEOUT_MS);
  const sensors = new Map<string, Map<string, string>>();
  const add = ({ sensor, attribute }: SensorPath, value: string | undefined) => {
    if (value === undefined) return;
    const attributes = sensors.get(sensor) ?? new Map<string, string>();
    sensors.set(sensor, attributes.set(attribute, value));
  };
  for (const entry of chip.settled) if (entry.value !== "") add(entry, entry.value);
  for (const [i, entry] of chip.moving.entries()) add(entry, values[i]);
  const samples = [...sensors].flatMap(([sensor, attributes]) =>
    sensorSamples(chip.name, sensor, attributes),
  );
  if (chip.driver !== "")
    samples.push(
      sample("node_hwmon_chip_names", 1, [
        ["chip", chip.name],
        ["chip_name", chip.driver],
      ]),
    );
  return samples;
}

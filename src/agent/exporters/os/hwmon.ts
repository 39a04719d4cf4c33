import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { cleanName, parseSensorFile, sensorSamples } from "./hwmon_values.ts";
import { sample } from "./text.ts";

/** Chips, their files and what does not change (limits, labels) are looked at again after this. */
const SCAN_MAX_AGE_MS = 5 * 60_000;
/** All chips that may wait get this long together in one tick, each at least {@link MIN_WAIT_MS}. */
const WAIT_BUDGET_MS = 1500;
const MIN_WAIT_MS = 50;
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
  readonly settled: readonly SensorPath[];
  /** Read at the first tick after the scan. */
  settledValues: readonly (string | undefined)[] | undefined;
}

/** @param onTrouble told why a chip gives nothing, undefined when it answers again */
export function createHwmon(onTrouble: (chip: string, reason: string | undefined) => void): Collector {
  const chips = new Cached(SCAN_MAX_AGE_MS, scanChips);
  return {
    name: "hwmon",
    async collect(host) {
      const samples: Sample[] = [];
      const deadline = host.clock.monotonic() + WAIT_BUDGET_MS;
      // One after the other: chips asked at once could together take every thread before the first is known to hang.
      for (const chip of chips.get(host)) {
        const waitMs = Math.max(MIN_WAIT_MS, Math.round(deadline - host.clock.monotonic()));
        try {
          samples.push(...(await chipSamples(host, chip, waitMs)));
          onTrouble(chip.name, undefined);
        } catch (error) {
          onTrouble(chip.name, (error as Error).message);
        }
      }
      return samples;
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
  const settled: SensorPath[] = [];
  // Old drivers keep their files in the device's directory.
  for (const at of [directory, `${directory}/device`]) {
    for (const file of host.list(at) ?? []) {
      const parsed = parseSensorFile(file);
      if (parsed === undefined) continue;
      const found = { sensor: parsed.sensor, attribute: parsed.attribute, path: `${at}/${file}` };
      (MOVING.test(parsed.attribute) ? moving : settled).push(found);
    }
  }
  const driver = cleanName(host.readValue(`${directory}/name`) ?? "");
  const name = chipName(host, directory, driver);
  return { name, driver, directory, moving, settled, settledValues: undefined };
}

/** hwmon numbers change between boots; the device's place on its bus does not. */
function chipName(host: Host, directory: string, driver: string): string {
  const device = host.resolve(`${directory}/device`)?.split("/").slice(-2).map(cleanName);
  const stable = device?.filter((part) => part !== "").join("_");
  if (stable) return stable;
  return driver || cleanName((host.resolve(directory) ?? directory).split("/").at(-1)!);
}

async function chipSamples(host: Host, chip: Chip, waitMs: number): Promise<Sample[]> {
  chip.settledValues ??= await readValues(host, chip, chip.settled, waitMs);
  const values = await readValues(host, chip, chip.moving, waitMs);
  const sensors = new Map<string, Map<string, string>>();
  const add = ({ sensor, attribute }: SensorPath, value: string | undefined) => {
    if (value === undefined || value === "") return;
    const attributes = sensors.get(sensor) ?? new Map<string, string>();
    sensors.set(sensor, attributes.set(attribute, value));
  };
  for (const [i, path] of chip.settled.entries()) add(path, chip.settledValues[i]);
  for (const [i, path] of chip.moving.entries()) add(path, values[i]);
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

async function readValues(
  host: Host,
  chip: Chip,
  sensors: readonly SensorPath[],
  waitMs: number,
): Promise<(string | undefined)[]> {
  const paths = sensors.map(({ path }) => path);
  if (IMMEDIATE.test(chip.driver)) return paths.map((path) => host.readValue(path));
  return host.readSlowValues(chip.directory, paths, waitMs);
}

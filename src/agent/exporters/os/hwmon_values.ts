import type { Sample } from "../exporter.ts";
import { sample } from "./text.ts";

/** A sensor's attributes by name: `input`, `max`, `label`, …; `""` for a file without one, as `pwm1`. */
type SensorAttributes = ReadonlyMap<string, string>;

interface SensorFile {
  readonly type: string;
  /** Type and number, as `temp1`. */
  readonly sensor: string;
  readonly attribute: string;
}

const TYPES = new Set(
  "vrm beep_enable update_interval in cpu fan pwm temp curr power energy humidity intrusion".split(" "),
);

/** `temp1_crit_alarm` → temp, temp1, crit_alarm. Undefined for files that are no sensor's. */
export function parseSensorFile(name: string): SensorFile | undefined {
  const match = /^([^0-9]+)([0-9]*)(?:_(.+))?$/.exec(name);
  const type = match?.[1];
  if (type === undefined || !TYPES.has(type)) return undefined;
  return { type, sensor: `${type}${Number(match?.[2] || 0)}`, attribute: match?.[3] ?? "" };
}

/** As node_exporter makes names and chips out of what drivers say. */
export function cleanName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9:_]/g, "_")
    .replace(/^_+|_+$/g, "");
}

/** The series of one sensor. A value that is no number is left out: drivers say "N/A" and worse. */
export function sensorSamples(chip: string, sensor: string, attributes: SensorAttributes): Sample[] {
  const type = sensor.replace(/[0-9]+$/, "");
  const labels = [
    ["chip", chip],
    ["sensor", sensor],
  ] as const;
  const samples: Sample[] = [];
  const label = attributes.get("label");
  if (label !== undefined)
    samples.push(
      sample("node_hwmon_sensor_label", 1, [
        ["chip", chip],
        ["label", label],
        ["sensor", sensor],
      ]),
    );
  for (const [attribute, text] of attributes) {
    const value = Number(text || Number.NaN);
    if (attribute === "label" || !Number.isFinite(value)) continue;
    const reading = readingOf(type, attribute, value, attributes.has(""));
    samples.push(sample(reading.name, reading.value, labels));
  }
  return samples;
}

interface Reading {
  readonly name: string;
  readonly value: number;
}

/** Names and units of the kernel's Documentation/hwmon/sysfs-interface, spelled as node_exporter does. */
function readingOf(type: string, attribute: string, value: number, hasPlain: boolean): Reading {
  if (type === "beep_enable") return { name: "node_hwmon_beep_enabled", value: value === 1 ? 1 : 0 };
  if (type === "vrm") return { name: "node_hwmon_voltage_regulator_version", value };
  if (type === "update_interval") return { name: "node_hwmon_update_interval_seconds", value: value / 1000 };
  const name = baseName(type, attribute, hasPlain);
  if (attribute === "fault" || attribute === "alarm") return { name, value };
  if (attribute === "beep") return { name: `${name}_enabled`, value };
  switch (type) {
    case "in":
    case "cpu":
      return { name: `${name}_volts`, value: value / 1000 };
    case "temp":
      return attribute === "type" ? { name, value } : { name: `${name}_celsius`, value: value / 1000 };
    case "curr":
      return { name: `${name}_amps`, value: value / 1000 };
    case "energy":
      return { name: `${name}_joule_total`, value: value / 1e6 };
    case "power":
      return powerReading(name, attribute, value);
    case "humidity":
      return { name, value: value / 1e6 };
    case "fan":
      return { name: FAN_SPEEDS.has(attribute) ? `${name}_rpm` : name, value };
    default:
      return { name, value };
  }
}

const FAN_SPEEDS = new Set(["input", "min", "max", "target"]);

/** `input` is the sensor's value and not named, unless a file without attribute is that already. */
function baseName(type: string, attribute: string, hasPlain: boolean): string {
  if (attribute === "input") return hasPlain ? `node_hwmon_${type}_input` : `node_hwmon_${type}`;
  return attribute === "" ? `node_hwmon_${type}` : `node_hwmon_${type}_${cleanName(attribute)}`;
}

function powerReading(name: string, attribute: string, value: number): Reading {
  if (attribute === "accuracy") return { name, value: value / 1e6 };
  if (/^average_interval(_min|_max)?$/.test(attribute))
    return { name: `${name}_seconds`, value: value / 1000 };
  return { name: `${name}_watt`, value: value / 1e6 };
}

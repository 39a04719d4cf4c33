import type { Host } from "../../host.ts";
import type { Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import { type Collector, readNeeded } from "./collector.ts";
import { linesOf, Malformed, numberOf, sample, wordsOf } from "./text.ts";

/** Partitions and devices in memory, as node_exporter's default leaves them out. */
const IGNORED = /^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
const SECTOR_BYTES = 512;
const UDEV_MAX_AGE_MS = 5 * 60_000;

/** Columns of /proc/diskstats after the device's name; kernels before 4.18 and 5.5 have fewer. */
const COLUMNS: readonly (readonly [name: string, factor: number])[] = [
  ["node_disk_reads_completed_total", 1],
  ["node_disk_reads_merged_total", 1],
  ["node_disk_read_bytes_total", SECTOR_BYTES],
  ["node_disk_read_time_seconds_total", 1e-3],
  ["node_disk_writes_completed_total", 1],
  ["node_disk_writes_merged_total", 1],
  ["node_disk_written_bytes_total", SECTOR_BYTES],
  ["node_disk_write_time_seconds_total", 1e-3],
  ["node_disk_io_now", 1],
  ["node_disk_io_time_seconds_total", 1e-3],
  ["node_disk_io_time_weighted_seconds_total", 1e-3],
  ["node_disk_discards_completed_total", 1],
  ["node_disk_discards_merged_total", 1],
  ["node_disk_discarded_sectors_total", 1],
  ["node_disk_discard_time_seconds_total", 1e-3],
  ["node_disk_flush_requests_total", 1],
  ["node_disk_flush_requests_time_seconds_total", 1e-3],
];

interface Disk {
  readonly device: string;
  readonly major: string;
  readonly minor: string;
  readonly samples: readonly Sample[];
}

export function parseDiskstats(text: string): Disk[] {
  const disks: Disk[] = [];
  for (const line of linesOf(text)) {
    const [major, minor, device, ...counts] = wordsOf(line);
    if (major === undefined || minor === undefined || device === undefined)
      throw new Malformed("/proc/diskstats", "major, minor and device", line);
    if (IGNORED.test(device)) continue;
    const labels = [["device", device]] as const;
    const samples = COLUMNS.slice(0, counts.length).map(([name, factor], i) => {
      const count = numberOf(counts[i], "/proc/diskstats", `column ${i + 4} of ${device}`);
      return sample(name, factor === 1e-3 ? count / 1000 : count * factor, labels);
    });
    disks.push({ device, major, minor, samples });
  }
  return disks;
}

/** Lines `E:KEY=value` of a file in /run/udev/data. */
export function parseUdevProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of linesOf(text)) {
    const equals = line.indexOf("=");
    if (line.startsWith("E:") && equals > 0) properties.set(line.slice(2, equals), line.slice(equals + 1));
  }
  return properties;
}

/** What udev knows of a disk, as info series. */
function diskInfo(disk: Disk, udev: ReadonlyMap<string, string>): Sample[] {
  const { device, major, minor } = disk;
  const of = (key: string) => udev.get(key) ?? "";
  const samples = [
    sample("node_disk_info", 1, [
      ["device", device],
      ["major", major],
      ["minor", minor],
      ["model", of("ID_MODEL")],
      ["path", of("ID_PATH")],
      ["revision", of("ID_REVISION")],
      ["serial", of("ID_SERIAL_SHORT")],
      ["wwn", of("ID_WWN")],
    ]),
  ];
  if (of("ID_FS_TYPE") !== "")
    samples.push(
      sample("node_disk_filesystem_info", 1, [
        ["device", device],
        ["type", of("ID_FS_TYPE")],
        ["usage", of("ID_FS_USAGE")],
        ["uuid", of("ID_FS_UUID")],
        ["version", of("ID_FS_VERSION")],
      ]),
    );
  if (of("DM_NAME") !== "")
    samples.push(
      sample("node_disk_device_mapper_info", 1, [
        ["device", device],
        ["lv_layer", of("DM_LV_LAYER")],
        ["lv_name", of("DM_LV_NAME")],
        ["name", of("DM_NAME")],
        ["uuid", of("DM_UUID")],
        ["vg_name", of("DM_VG_NAME")],
      ]),
    );
  if (of("ID_ATA") !== "")
    for (const [key, name] of ATA_PROPERTIES) {
      const value = Number(of(key) || Number.NaN);
      if (Number.isFinite(value)) samples.push(sample(name, value, [["device", device]]));
    }
  return samples;
}

const ATA_PROPERTIES = [
  ["ID_ATA_WRITE_CACHE", "node_disk_ata_write_cache"],
  ["ID_ATA_WRITE_CACHE_ENABLED", "node_disk_ata_write_cache_enabled"],
  ["ID_ATA_ROTATION_RATE_RPM", "node_disk_ata_rotation_rate_rpm"],
] as const;

export function createDiskstats(): Collector {
  const infos = new Map<string, Cached<Sample[]>>();
  return {
    name: "diskstats",
    collect(host) {
      const disks = parseDiskstats(readNeeded(host, host.proc("diskstats")));
      forgetOthers(infos, disks);
      return disks.flatMap((disk) => {
        let info = infos.get(keyOf(disk));
        if (info === undefined) {
          info = new Cached(UDEV_MAX_AGE_MS, (on) => diskInfo(disk, readUdev(on, disk)));
          infos.set(keyOf(disk), info);
        }
        return [...info.get(host), ...disk.samples];
      });
    },
  };
}

function readUdev(host: Host, disk: Disk): Map<string, string> {
  return parseUdevProperties(host.readText(host.path(`/run/udev/data/b${disk.major}:${disk.minor}`)) ?? "");
}

function keyOf(disk: Disk): string {
  return `${disk.device} ${disk.major}:${disk.minor}`;
}

function forgetOthers(infos: Map<string, unknown>, disks: readonly Disk[]): void {
  if (infos.size <= disks.length) return;
  const present = new Set(disks.map(keyOf));
  for (const key of infos.keys()) if (!present.has(key)) infos.delete(key);
}

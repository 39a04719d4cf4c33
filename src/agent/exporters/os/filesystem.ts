import type { FileSystemUsage, Host } from "../../host.ts";
import type { Sample } from "../exporter.ts";
import { type Collector, readNeeded } from "./collector.ts";
import { linesOf, Malformed, sample, wordsOf } from "./text.ts";

/** What Debian's prometheus-node-exporter leaves out by default. */
const IGNORED_MOUNT_POINTS =
  /^\/(dev|proc|run|sys|mnt|media|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;
const IGNORED_TYPES = new Set(
  (
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs fusectl hugetlbfs iso9660 mqueue nsfs " +
    "overlay proc procfs pstore rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs"
  ).split(" "),
);
/** These answer from memory: asked directly. Any other may wait for a server or a daemon. */
const LOCAL_TYPES = new Set("ext2 ext3 ext4 xfs btrfs tmpfs ramfs vfat exfat f2fs".split(" "));
/** All mounts that may wait get this long together in one tick, each at least {@link MIN_WAIT_MS}. */
const WAIT_BUDGET_MS = 1500;
const MIN_WAIT_MS = 50;

interface Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly readOnly: boolean;
}

/** /proc/1/mounts, fstab's escapes undone; the first of equal lines, without those left out by default. */
export function parseMounts(text: string): Mount[] {
  const mounts = new Map<string, Mount>();
  for (const line of linesOf(text)) {
    const [device, rawMountPoint, type, options] = wordsOf(line);
    if (device === undefined || rawMountPoint === undefined || type === undefined || options === undefined)
      throw new Malformed("/proc/1/mounts", "device, mount point, type and options", line);
    const mountPoint = unescapeMount(rawMountPoint);
    if (IGNORED_TYPES.has(type) || IGNORED_MOUNT_POINTS.test(mountPoint)) continue;
    const key = `${device} ${rawMountPoint} ${type}`;
    const readOnly = options.split(",").includes("ro");
    if (!mounts.has(key)) mounts.set(key, { device, mountPoint, type, readOnly });
  }
  return [...mounts.values()];
}

/** `\040` and the like stand for blanks, tabs, line feeds and backslashes. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The series of one mount; without usage only that it could not be had. */
function mountSamples(mount: Mount, usage: FileSystemUsage | undefined): Sample[] {
  const labels = [
    ["device", mount.device],
    ["fstype", mount.type],
    ["mountpoint", mount.mountPoint],
  ] as const;
  const error = sample("node_filesystem_device_error", usage === undefined ? 1 : 0, labels);
  if (usage === undefined) return [error];
  return [
    error,
    sample("node_filesystem_size_bytes", usage.size, labels),
    sample("node_filesystem_free_bytes", usage.free, labels),
    sample("node_filesystem_avail_bytes", usage.available, labels),
    sample("node_filesystem_files", usage.files, labels),
    sample("node_filesystem_files_free", usage.filesFree, labels),
    sample("node_filesystem_readonly", mount.readOnly ? 1 : 0, labels),
  ];
}

/** @param onTrouble told why a mount point's usage cannot be had, undefined when it can again */
export function createFilesystem(
  onTrouble: (mountPoint: string, reason: string | undefined) => void,
): Collector {
  return {
    name: "filesystem",
    async collect(host) {
      const samples: Sample[] = [];
      const deadline = host.clock.monotonic() + WAIT_BUDGET_MS;
      for (const mount of parseMounts(readMounts(host))) {
        const waitMs = Math.max(MIN_WAIT_MS, deadline - host.clock.monotonic());
        const usage = await usageOf(host, mount, waitMs, (reason) => onTrouble(mount.mountPoint, reason));
        samples.push(...mountSamples(mount, usage));
      }
      return samples;
    },
  };
}

/** The mounts of init's namespace; where /proc hides other users' processes, the agent's own. */
function readMounts(host: Host): string {
  return host.readText(host.proc("1/mounts")) ?? readNeeded(host, host.proc("self/mounts"));
}

async function usageOf(
  host: Host,
  mount: Mount,
  waitMs: number,
  report: (reason: string | undefined) => void,
): Promise<FileSystemUsage | undefined> {
  try {
    const local = LOCAL_TYPES.has(mount.type);
    const usage = local
      ? host.usage(mount.mountPoint)
      : await host.slowUsage(mount.mountPoint, Math.round(waitMs));
    report(undefined);
    return usage;
  } catch (error) {
    report((error as Error).message);
    return undefined;
  }
}

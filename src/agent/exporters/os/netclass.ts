import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { isContainerDevice } from "./container_device.ts";
import { numberOf, sample } from "./text.ts";

/** sysfs attribute → metric, for those that seldom change. */
const SETTLED = [
  ["addr_assign_type", "address_assign_type"],
  ["carrier", "carrier"],
  ["carrier_changes", "carrier_changes_total"],
  ["carrier_down_count", "carrier_down_changes_total"],
  ["carrier_up_count", "carrier_up_changes_total"],
  ["dev_id", "device_id"],
  ["dormant", "dormant"],
  ["flags", "flags"],
  ["ifindex", "iface_id"],
  ["iflink", "iface_link"],
  ["link_mode", "iface_link_mode"],
  ["mtu", "mtu_bytes"],
  ["name_assign_type", "name_assign_type"],
  ["netdev_group", "net_dev_group"],
  ["tx_queue_len", "transmit_queue_length"],
  ["type", "protocol_type"],
] as const;
/**
 * A link's attributes are some twenty files and change with its state; state and carrier changes are read every tick, the
 * others when one of these has changed or this has passed.
 */
const SETTLED_MAX_AGE_MS = 30_000;
/** /sys speaks of Mbit/s. */
const BYTES_PER_MEGABIT = 125_000;

/** Attribute files of one link; undefined where the driver has no value. */
type Attributes = (name: string) => string | undefined;

export function linkSamples(device: string, attribute: Attributes): Sample[] {
  const labels = [["device", device]] as const;
  const operstate = attribute("operstate") ?? "";
  const samples = [
    sample("node_network_up", operstate === "up" ? 1 : 0, labels),
    sample("node_network_info", 1, [
      ["address", attribute("address") ?? ""],
      ["broadcast", attribute("broadcast") ?? ""],
      ["device", device],
      ["duplex", attribute("duplex") ?? ""],
      ["ifalias", attribute("ifalias") ?? ""],
      ["operstate", operstate],
    ]),
  ];
  for (const [file, name] of SETTLED) {
    const value = attribute(file);
    if (value !== undefined && value !== "")
      samples.push(
        sample(`node_network_${name}`, numberOf(value, `/sys/class/net/${device}/${file}`, file), labels),
      );
  }
  const speed = attribute("speed");
  if (speed !== undefined && speed !== "") {
    const megabits = numberOf(speed, `/sys/class/net/${device}/speed`, "Mbit/s");
    samples.push(sample("node_network_speed_bytes", megabits * BYTES_PER_MEGABIT, labels));
  }
  return samples;
}

interface Link {
  readonly state: string;
  readonly samples: Cached<Sample[]>;
}

export function createNetclass(): Collector {
  const links = new Map<string, Link>();
  return {
    name: "netclass",
    collect(host) {
      const devices = devicesOf(host);
      for (const device of links.keys()) if (!devices.includes(device)) links.delete(device);
      return devices.flatMap((device) => [
        ...settledSamples(host, links, device),
        ...unhandledPackets(host, device),
      ]);
    },
  };
}

/** Links only: the directory also holds plain files such as bonding_masters. */
function devicesOf(host: Host): string[] {
  const entries = host.list(host.sys("class/net"));
  if (entries === undefined) throw new NoData("/sys/class/net is not there");
  return entries.filter((entry) => entry !== "bonding_masters" && !isContainerDevice(entry));
}

function settledSamples(host: Host, links: Map<string, Link>, device: string): Sample[] {
  const attribute: Attributes = (name) => host.readValue(host.sys(`class/net/${device}/${name}`));
  const state = `${attribute("operstate")} ${attribute("carrier_changes")}`;
  let link = links.get(device);
  if (link === undefined || link.state !== state) {
    link = { state, samples: new Cached(SETTLED_MAX_AGE_MS, () => linkSamples(device, attribute)) };
    links.set(device, link);
  }
  return link.samples.get(host);
}

/** The one counter that /proc/net/dev does not show. */
function unhandledPackets(host: Host, device: string): Sample[] {
  if (device === "lo") return [];
  const path = host.sys(`class/net/${device}/statistics/rx_nohandler`);
  const count = host.readValue(path);
  if (count === undefined) return [];
  return [
    sample("node_network_receive_nohandler_total", numberOf(count, path, "packets"), [["device", device]]),
  ];
}

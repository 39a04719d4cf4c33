import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { sample } from "./text.ts";

/** Model and firmware are settled; the controller's state (live, resetting, dead) is worth an early look. */
const INFO_MAX_AGE_MS = 30_000;

export function createNvme(): Collector {
  const info = new Cached(INFO_MAX_AGE_MS, readNvme);
  return { name: "nvme", collect: (host) => info.get(host) };
}

function readNvme(host: Host): Sample[] {
  const devices = host.list(host.sys("class/nvme"));
  if (devices === undefined) throw new NoData("/sys/class/nvme is not there");
  return devices.map((device) => {
    const value = (file: string) => host.readValue(host.sys(`class/nvme/${device}/${file}`)) ?? "";
    return sample("node_nvme_info", 1, [
      ["device", device],
      ["firmware_revision", value("firmware_rev")],
      ["model", value("model")],
      ["serial", value("serial")],
      ["state", value("state")],
    ]);
  });
}

import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { type Collector, fileCollector } from "./collector.ts";
import { numberOf, sample, wordsOf } from "./text.ts";

/** `allocated  unused  maximum` of /proc/sys/fs/file-nr. */
export function parseFileNr(text: string): Sample[] {
  const [allocated, , maximum] = wordsOf(text.trim());
  return [
    sample("node_filefd_allocated", numberOf(allocated, "/proc/sys/fs/file-nr", "allocated file handles")),
    sample("node_filefd_maximum", numberOf(maximum, "/proc/sys/fs/file-nr", "the maximum of file handles")),
  ];
}

export const filefd = fileCollector("filefd", (host) => host.proc("sys/fs/file-nr"), parseFileNr);

export const entropy: Collector = {
  name: "entropy",
  collect(host) {
    const available = host.readValue(host.proc("sys/kernel/random/entropy_avail"));
    const size = host.readValue(host.proc("sys/kernel/random/poolsize"));
    if (available === undefined || size === undefined) throw new NoData("the kernel shows no entropy pool");
    return [
      sample("node_entropy_available_bits", numberOf(available, "entropy_avail", "bits")),
      sample("node_entropy_pool_size_bits", numberOf(size, "poolsize", "bits")),
    ];
  },
};

export const selinux: Collector = {
  name: "selinux",
  collect(host) {
    const enforcing = host.readValue(host.sys("fs/selinux/enforce"));
    if (enforcing === undefined) return [sample("node_selinux_enabled", 0)];
    return [
      sample("node_selinux_enabled", 1),
      sample("node_selinux_config_mode", configuredMode(host)),
      sample("node_selinux_current_mode", numberOf(enforcing, "/sys/fs/selinux/enforce", "0 or 1")),
    ];
  },
};

/** 1 enforcing, 0 permissive, -1 disabled or not configured. */
function configuredMode(host: Host): number {
  const mode = /^SELINUX=(\w+)/m.exec(host.readText(host.etc("selinux/config")) ?? "")?.[1];
  return mode === "enforcing" ? 1 : mode === "permissive" ? 0 : -1;
}

/** A way in which the os exporter and Debian's node_exporter 1.5.0 are meant to differ, and why. */
export interface Difference {
  /** Who has the series; or both have it with values of their own. */
  readonly where: "node_exporter" | "dcmon" | "values";
  /** Of the series as `name{label="value",…}`. */
  readonly series: RegExp;
  readonly reason: string;
}

const COLLECTOR = "node_scrape_collector_(success|duration_seconds)";

function collectorOfTheirs(names: string, reason: string): Difference {
  return { where: "node_exporter", series: new RegExp(`^${COLLECTOR}{collector="(${names})"}$`), reason };
}

export const DIFFERENCES: readonly Difference[] = [
  {
    where: "node_exporter",
    series: /^(go|process|promhttp)_/,
    reason: "about node_exporter's own process; the agent reports itself as dcmon_agent_*",
  },
  { where: "node_exporter", series: /^node_exporter_build_info/, reason: "node_exporter's own version" },
  {
    where: "node_exporter",
    series: /^node_textfile_scrape_error/,
    reason: "text files are the scripts exporter's",
  },
  collectorOfTheirs("textfile", "text files are the scripts exporter's"),
  collectorOfTheirs("systemd", "units are the services exporter's"),
  collectorOfTheirs(
    "schedstat",
    "three series per CPU that no dashboard reads; pressure and procs_running tell of a lack of CPU",
  ),
  collectorOfTheirs(
    "bcache|btrfs|xfs|zfs",
    "internals of single file systems; their size, errors and throughput come from filesystem and diskstats",
  ),
  collectorOfTheirs("fibrechannel|infiniband", "fabrics are not read yet: none to verify the values against"),
  collectorOfTheirs(
    "ipvs|nfs|nfsd|tapestats",
    "servers of these kinds are not among the nodes that dcmon is for",
  ),
  {
    where: "node_exporter",
    series:
      /^node_(network_\w+|arp_entries){(.*,)?device="(veth[^"]*|cali[^"]*|lxc([0-9a-f]{12}|_health)|[0-9a-f]{15})"/,
    reason: "the host's end of one run of one container: names without end, which nobody can tell apart",
  },
  {
    where: "dcmon",
    series: new RegExp(`^(apt_upgrades_|node_reboot_required|${COLLECTOR}{collector="(apt|reboot)"})`),
    reason: "comes with the community's text file scripts, not with node_exporter itself",
  },
  {
    where: "values",
    series: /^node_scrape_collector_duration_seconds/,
    reason: "how long each of the two took",
  },
];

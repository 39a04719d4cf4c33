import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { parseHolds, parseRelease, parseSimulation, upgradeSamples } from "./apt_output.ts";
import { Background } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { sample } from "./text.ts";

/** apt needs a second or two of CPU time, so it is asked at most hourly, and only when its inputs have changed. */
const MAX_AGE_MS = 3_600_000;
const TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** Installing, holding and updating the lists change one of these. */
const INPUTS = [
  "/var/lib/dpkg/status",
  "/var/lib/apt/lists",
  "/var/lib/apt/lists/partial",
  "/etc/apt/preferences.d",
];
const LISTS = "/var/lib/apt/lists";
const APT_GET = "/usr/bin/apt-get";
const APT_MARK = "/usr/bin/apt-mark";

/** @param waitMs how long to wait for an answer; 0 leaves it to a later tick, and lets everything else go before */
export function createApt(waitMs: number): Collector {
  const upgrades = new Background(MAX_AGE_MS, createUpgradeReader(waitMs === 0));
  return {
    name: "apt",
    async collect(host) {
      if (!host.exists(host.path(APT_GET))) throw new NoData(`${APT_GET} is not installed`);
      return (await upgrades.get(host, waitMs)) ?? [];
    },
  };
}

function createUpgradeReader(lowPriority: boolean): (host: Host) => Promise<Sample[]> {
  let known: { readonly inputs: string; readonly samples: Sample[] } | undefined;
  return async (host) => {
    const inputs = INPUTS.map((path) => host.modified(host.path(path)) ?? 0).join();
    if (known?.inputs !== inputs) known = { inputs, samples: await readUpgrades(host, lowPriority) };
    return known.samples;
  };
}

async function readUpgrades(host: Host, lowPriority: boolean): Promise<Sample[]> {
  const simulation = await output(
    host,
    [APT_GET, "--simulate", "--quiet", "--ignore-hold", "dist-upgrade"],
    lowPriority,
  );
  const holds = await output(host, [APT_MARK, "showhold"], lowPriority);
  return upgradeSamples(parseSimulation(simulation), parseHolds(holds), readOrigins(host));
}

async function output(host: Host, argv: readonly string[], lowPriority: boolean): Promise<string> {
  const result = await host.run(argv, {
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_OUTPUT_BYTES,
    lowPriority,
  });
  if (result === undefined) throw new NoData(`${argv[0]} is not installed`);
  if (result.outcome !== "exited" || result.exitCode !== 0)
    throw new Error(
      `Cannot learn of upgrades: "${argv.join(" ")}" ended with ${result.outcome} ${result.exitCode}: ` +
        (result.stderr.trim().split("\n")[0] || "no message"),
    );
  return result.stdout;
}

function readOrigins(host: Host): Map<string, string> {
  const origins = new Map<string, string>();
  for (const file of host.list(host.path(LISTS)) ?? []) {
    if (!file.endsWith("Release")) continue;
    const release = parseRelease(host.readText(host.path(`${LISTS}/${file}`)) ?? "");
    if (release !== undefined) origins.set(release.printed, release.origin);
  }
  return origins;
}

/** The file that Debian's and Ubuntu's packages leave when an update needs a reboot. */
export const reboot: Collector = {
  name: "reboot",
  collect: (host) => [sample("node_reboot_required", host.exists(host.path("/run/reboot-required")) ? 1 : 0)],
};

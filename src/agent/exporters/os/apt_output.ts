import type { Sample } from "../exporter.ts";
import { linesOf, sample } from "./text.ts";

/** A newer version of an installed package. */
interface Upgrade {
  readonly package: string;
  readonly arch: string;
  /** Where it comes from, as apt prints it: `Label:Version/Suite`. */
  readonly sources: readonly string[];
}

/**
 * Lines of `apt-get --simulate` for packages that are installed in an older version:
 * `Inst libssl3 [3.0.11-1] (3.0.15-1 Debian:12.8/stable, Debian-Security:12/stable-security [amd64])`.
 */
export function parseSimulation(text: string): Upgrade[] {
  const upgrades: Upgrade[] = [];
  for (const line of linesOf(text)) {
    const match = /^Inst (\S+) \[[^\]]*\] \(\S+ (.*) \[(\S+)\]\)/.exec(line);
    if (match === null) continue;
    const [, name = "", sources = "", arch = ""] = match;
    upgrades.push({ package: name, arch, sources: sources.split(", ") });
  }
  return upgrades;
}

/**
 * From the head of a Release file: what apt prints for it, and the origin as the community's apt_info.py writes it,
 * `Origin:Codename/Suite`. Undefined for a file without these fields.
 */
export function parseRelease(
  text: string,
): { readonly printed: string; readonly origin: string } | undefined {
  const field = (name: string) => new RegExp(`^${name}: *(.*?) *$`, "m").exec(text)?.[1] ?? "";
  const suite = field("Suite") || field("Codename");
  if (suite === "") return undefined;
  const version = field("Version");
  const label = field("Label") || field("Origin");
  return {
    printed: `${label === "" ? "" : `${label}:`}${version === "" ? "" : `${version}/`}${suite}`,
    origin: `${field("Origin")}:${field("Codename")}/${suite}`,
  };
}

/** `name`, or `name:arch` for packages of a foreign architecture, one a line. */
export function parseHolds(text: string): Set<string> {
  return new Set(linesOf(text).map((line) => line.trim()));
}

/** Counts by origin and architecture; one series of 0 without labels when there is nothing to count. */
export function upgradeSamples(
  upgrades: readonly Upgrade[],
  holds: ReadonlySet<string>,
  origins: ReadonlyMap<string, string>,
): Sample[] {
  const held = upgrades.filter(({ package: name, arch }) => holds.has(name) || holds.has(`${name}:${arch}`));
  return [
    ...countByOrigin("apt_upgrades_pending", upgrades, origins),
    ...countByOrigin("apt_upgrades_held", held, origins),
  ];
}

function countByOrigin(
  metric: string,
  upgrades: readonly Upgrade[],
  origins: ReadonlyMap<string, string>,
): Sample[] {
  const counts = new Map<string, { origin: string; arch: string; count: number }>();
  for (const { arch, sources } of upgrades) {
    const origin = [...new Set(sources.map((source) => origins.get(source) ?? source))].sort().join(",");
    const entry = counts.get(`${arch} ${origin}`) ?? { origin, arch, count: 0 };
    entry.count++;
    counts.set(`${arch} ${origin}`, entry);
  }
  if (counts.size === 0) return [sample(metric, 0)];
  return [...counts.values()].map(({ origin, arch, count }) =>
    sample(metric, count, [
      ["arch", arch],
      ["origin", origin],
    ]),
  );
}

import { machine } from "node:os";
import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { linesOf, sample } from "./text.ts";

/** Names may be changed while the machine runs. */
const UNAME_MAX_AGE_MS = 60_000;

export function createUname(): Collector {
  const uname = new Cached(UNAME_MAX_AGE_MS, readUname);
  return { name: "uname", collect: (host) => uname.get(host) };
}

function readUname(host: Host): Sample[] {
  const kernel = (file: string) => host.readValue(host.proc(`sys/kernel/${file}`)) ?? "";
  return [
    sample("node_uname_info", 1, [
      ["domainname", kernel("domainname")],
      ["machine", kernel("arch") || machine()], // Before Linux 6.1 no file shows it.
      ["nodename", kernel("hostname")],
      ["release", kernel("osrelease")],
      ["sysname", kernel("ostype")],
      ["version", kernel("version")],
    ]),
  ];
}

const OS_LABELS =
  "build_id id id_like image_id image_version name pretty_name variant variant_id version version_codename version_id".split(
    " ",
  );

/** `KEY=value`, `KEY="value"`, comments: os-release(5). */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of linesOf(text)) {
    const [, key, raw] = /^\s*([A-Z0-9_]+)=(.*)$/.exec(line) ?? [];
    if (key === undefined || raw === undefined) continue;
    values.set(key.toLowerCase(), unquote(raw.trim()));
  }
  return values;
}

function unquote(text: string): string {
  if (text.length >= 2 && text.startsWith("'") && text.endsWith("'")) return text.slice(1, -1);
  if (text.length >= 2 && text.startsWith('"') && text.endsWith('"'))
    return text.slice(1, -1).replace(/\\([\\"$`])/g, "$1");
  return text;
}

export function osSamples(release: ReadonlyMap<string, string>): Sample[] {
  const of = (key: string) => release.get(key) ?? "";
  const samples = [
    sample(
      "node_os_info",
      1,
      OS_LABELS.map((label) => [label, of(label)] as const),
    ),
  ];
  const version = /^[0-9]+(\.[0-9]+)?/.exec(of("version_id"));
  if (version !== null)
    samples.push(
      sample("node_os_version", Number(version[0]), [
        ["id", of("id")],
        ["id_like", of("id_like")],
        ["name", of("name")],
      ]),
    );
  return samples;
}

/** Read again when the file has changed. */
export function createOsRelease(): Collector {
  let known: { readonly modified: number; readonly samples: Sample[] } | undefined;
  return {
    name: "os",
    collect(host) {
      const path = [host.etc("os-release"), host.path("/usr/lib/os-release")].find((file) =>
        host.exists(file),
      );
      if (path === undefined) throw new NoData("there is no os-release file");
      const modified = host.modified(path) ?? 0;
      if (known?.modified !== modified)
        known = { modified, samples: osSamples(parseOsRelease(host.readText(path) ?? "")) };
      return known.samples;
    },
  };
}

/** sysfs file → label; what only root may read is left out for others. */
const DMI_LABELS: readonly (readonly [file: string, label: string])[] = [
  ...(
    "bios_date bios_release bios_vendor bios_version board_asset_tag board_name board_serial board_vendor " +
    "board_version chassis_asset_tag chassis_serial chassis_vendor chassis_version product_family product_name " +
    "product_serial product_sku product_uuid product_version"
  )
    .split(" ")
    .map((name) => [name, name] as const),
  ["sys_vendor", "system_vendor"],
];

/** Firmware's tables do not change until the next boot. */
export function createDmi(): Collector {
  const info = new Cached(Number.POSITIVE_INFINITY, readDmi);
  return { name: "dmi", collect: (host) => info.get(host) };
}

function readDmi(host: Host): Sample[] {
  const labels: (readonly [string, string])[] = [];
  for (const [file, label] of DMI_LABELS) {
    const path = host.sys(`class/dmi/id/${file}`);
    const value = host.mayRead(path) ? host.readValue(path) : undefined;
    if (value !== undefined) labels.push([label, value]);
  }
  if (labels.length === 0) throw new NoData("/sys/class/dmi/id is not there");
  return [sample("node_dmi_info", 1, labels)];
}

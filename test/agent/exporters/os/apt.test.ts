import { describe, expect, test } from "bun:test";
import type { Sample } from "../../../../src/agent/exporters/exporter.ts";
import { createApt } from "../../../../src/agent/exporters/os/apt.ts";
import {
  parseHolds,
  parseRelease,
  parseSimulation,
  upgradeSamples,
} from "../../../../src/agent/exporters/os/apt_output.ts";
import { Tick } from "../../../../src/agent/exporters/os/collector.ts";
import { Host } from "../../../../src/agent/host.ts";
import { systemClock } from "../../../../src/lib/clock.ts";
import { seriesOf } from "../exposition_reader.ts";

/** As apt 2.6.1 of Debian 12 prints it, shortened. */
const SIMULATION = `Reading package lists...
The following packages will be upgraded:
  libssl3 tzdata
Inst base-files [12.4+deb12u5] (12.4+deb12u12 Debian:12.12/oldstable [amd64])
Conf base-files (12.4+deb12u12 Debian:12.12/oldstable [amd64])
Inst libssl3 [3.0.11-1~deb12u2] (3.0.17-1~deb12u3 Debian-Security:12/oldstable-security, Debian:12.12/oldstable [amd64]) []
Inst tzdata [2024a-0] (2025b-0+deb12u2 Debian:12.12/oldstable [all])
Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian-Security:12/oldstable-security [amd64])
Remv libold [1.0]
`;
const RELEASE = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Debian
Label: Debian-Security
Suite: oldstable-security
Version: 12
Codename: bookworm-security
Components: main
`;

describe("apt", () => {
  test("upgrades are the packages that are installed, not the new and the removed ones", () => {
    expect(parseSimulation(SIMULATION)).toEqual([
      { package: "base-files", arch: "amd64", sources: ["Debian:12.12/oldstable"] },
      {
        package: "libssl3",
        arch: "amd64",
        sources: ["Debian-Security:12/oldstable-security", "Debian:12.12/oldstable"],
      },
      { package: "tzdata", arch: "all", sources: ["Debian:12.12/oldstable"] },
    ]);
  });

  test("a Release file tells the origin of what apt prints", () => {
    expect(parseRelease(RELEASE)).toEqual({
      printed: "Debian-Security:12/oldstable-security",
      origin: "Debian:bookworm-security/oldstable-security",
    });
    expect(parseRelease("Origin: x\nCodename: jammy\n")).toEqual({
      printed: "x:jammy",
      origin: "x:jammy/jammy",
    });
    expect(parseRelease("")).toBeUndefined();
  });

  test("counts by origin and architecture, held ones in both families", () => {
    const release = parseRelease(RELEASE)!;
    const samples = upgradeSamples(
      parseSimulation(SIMULATION),
      parseHolds("tzdata\nlibssl3:i386\n"),
      new Map([[release.printed, release.origin]]),
    );
    expect(samples.map(({ name, labels, value }) => `${seriesOf(name, labels)} ${value}`)).toEqual([
      'apt_upgrades_pending{arch="amd64",origin="Debian:12.12/oldstable"} 1',
      'apt_upgrades_pending{arch="amd64",origin="Debian:12.12/oldstable,Debian:bookworm-security/oldstable-security"} 1',
      'apt_upgrades_pending{arch="all",origin="Debian:12.12/oldstable"} 1',
      'apt_upgrades_held{arch="all",origin="Debian:12.12/oldstable"} 1',
    ]);
  });

  test("nothing to upgrade is one series of 0", () => {
    expect(upgradeSamples([], new Set(), new Map())).toEqual([
      { name: "apt_upgrades_pending", labels: [], value: 0 },
      { name: "apt_upgrades_held", labels: [], value: 0 },
    ]);
  });

  test("this machine's apt is asked aside, and counts as its own simulation does", async () => {
    const host = new Host({ clock: systemClock });
    const apt = createApt(0);
    expect(await apt.collect(host, new Tick(host))).toEqual([]);
    const before = simulatedUpgrades();
    const complete = pending(await createApt(60_000).collect(host, new Tick(host)));
    const after = simulatedUpgrades();
    // Somebody may be upgrading this machine meanwhile.
    expect(complete).toBeWithin(Math.min(before, after), Math.max(before, after) + 1);
    let later: Sample[] = [];
    for (let i = 0; later.length === 0 && i < 600; i++) {
      await Bun.sleep(100);
      later = await apt.collect(host, new Tick(host));
    }
    expect(pending(later)).toBeWithin(Math.min(before, after), Infinity);
  }, 150_000);
});

function pending(samples: readonly Sample[]): number {
  const counts = samples.filter(({ name }) => name === "apt_upgrades_pending").map(({ value }) => value);
  return counts.reduce((sum, value) => sum + value, 0);
}

function simulatedUpgrades(): number {
  const { stdout } = Bun.spawnSync(["/usr/bin/apt-get", "-s", "--ignore-hold", "dist-upgrade"]);
  return stdout
    .toString()
    .split("\n")
    .filter((line) => /^Inst \S+ \[/.test(line)).length;
}

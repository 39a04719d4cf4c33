import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "../../../src/agent/exporters/exporter.ts";
import { createOs } from "../../../src/agent/exporters/os.ts";
import { Host, type HostOptions } from "../../../src/agent/host.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { catalogue } from "../../../src/metrics/catalogue.ts";
import { formatExposition } from "../../../src/metrics/exposition.ts";
import { FakeTime } from "../fake_time.ts";
import { Comparison } from "./comparison.ts";
import { startNodeExporter } from "./node_exporter.ts";
import { DIFFERENCES, type Difference } from "./node_exporter_differences.ts";

const TREE = join(import.meta.dir, "../../fixtures/os/rack-server");
const EXPECTED = join(TREE, "expected.prom");
const ROOTS = { proc: join(TREE, "proc"), sys: join(TREE, "sys"), etc: join(TREE, "etc"), root: TREE };
/** Set to write {@link EXPECTED} anew; look at what changed. */
const REWRITE = process.env.DCMON_REWRITE_FIXTURES === "1";

async function collect(options: HostOptions): Promise<Sample[]> {
  return createOs({ log: silentLogger, complete: true }).collect(
    new Host(options),
    new AbortController().signal,
  );
}

test("a server with RAID, bond, NFS, sensors and memory errors gives the expected exposition", async () => {
  const samples = await collect({
    clock: new FakeTime(1_795_256_000_000),
    roots: ROOTS,
    usageOf: (mountPoint) => {
      if (mountPoint === "/srv/shared") throw new Error("ESTALE");
      return { size: 1e12, free: 4e11, available: 3.5e11, files: 1e6, filesFree: 9e5 };
    },
    timex: () => undefined,
  });
  const text = formatExposition(samples, catalogue).replaceAll(TREE, "");
  if (REWRITE) writeFileSync(EXPECTED, text);
  expect(text).toBe(readFileSync(EXPECTED, "utf8"));
});

test("the exposition is accepted by promtool, which complains of nothing but node_exporter's own spelling", async () => {
  const promtool = Bun.spawn(["/usr/bin/promtool", "check", "metrics"], {
    stdin: Bun.file(EXPECTED),
    stdout: "pipe",
    stderr: "pipe",
  });
  const complaints = (await new Response(promtool.stderr).text()).trim().split("\n");
  expect([0, 3]).toContain(await promtool.exited);
  expect(
    complaints.filter((line) => !/^node_(memory|netstat|sockstat|entropy|power_supply)_/.test(line)),
  ).toEqual([]);
});

/** The fixture does not reach what node_exporter asks of the running kernel. */
const NOT_IN_THE_TREE: readonly Difference[] = [
  { where: "node_exporter", series: /^node_uname_info/, reason: "asks the kernel, we read the tree" },
  { where: "dcmon", series: /^node_uname_info/, reason: "as above" },
  {
    where: "dcmon",
    series: /^node_network_receive_nohandler_total/,
    reason: "node_exporter has it from netlink, which knows no tree",
  },
];

test("node_exporter reads the same tree in the same way", async () => {
  const theirs = await startNodeExporter([
    `--path.procfs=${ROOTS.proc}`,
    `--path.sysfs=${ROOTS.sys}`,
    `--path.rootfs=${ROOTS.root}`,
    `--path.udev.data=${ROOTS.root}/run/udev/data`,
    "--no-collector.netdev.netlink",
  ]);
  try {
    const os = createOs({ log: silentLogger, complete: true });
    const host = new Host({ clock: systemClock, roots: ROOTS });
    const comparison = await Comparison.take(os, host, theirs, [...DIFFERENCES, ...NOT_IN_THE_TREE], 3);
    expect(comparison.missing()).toEqual([]);
    expect(comparison.additional()).toEqual([]);
    expect(comparison.different()).toEqual([]);
  } finally {
    await theirs.stop();
  }
});

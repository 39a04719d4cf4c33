import { expect, test } from "bun:test";
import { join } from "node:path";
import { Host } from "../../src/agent/host.ts";
import { collectOnce } from "../../src/agent/once.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { recordingLogger } from "../support/recording_logger.ts";
import { readExposition } from "./exporters/exposition_reader.ts";

const EXPORTERS = { os: { enabled: true, interval: 5, timeout: 4 } };

test("one collection is accepted by promtool, carries the agent's labels, and comes with apt's answer", async () => {
  const { log, lines } = recordingLogger();
  const text = await collectOnce({ exporters: EXPORTERS, labels: { rack: 'r"1"\\\n' } }, log);
  const promtool = Bun.spawn(["/usr/bin/promtool", "check", "metrics"], {
    stdin: new TextEncoder().encode(text),
    stderr: "pipe",
  });
  const complaints = (await new Response(promtool.stderr).text()).trim().split("\n");
  expect([0, 3]).toContain(await promtool.exited);
  expect(complaints.filter((line) => !/^node_(memory|netstat|sockstat|entropy)_/.test(line))).toEqual([]);
  const { values } = readExposition(text);
  expect([...values.keys()].every((series) => series.includes('rack="r\\"1\\"\\\\\\n"'))).toBeTrue();
  expect([...values.keys()].some((series) => series.startsWith("apt_upgrades_pending"))).toBeTrue();
  expect([...values].find(([series]) => series.startsWith("dcmon_exporter_success"))?.[1]).toBe(1);
  expect(lines).toEqual([]);
}, 120_000);

test("what cannot be read is told, and the rest is there", async () => {
  const { log, lines } = recordingLogger();
  const proc = join(import.meta.dir, "../fixtures/os/broken/proc");
  const host = new Host({ clock: systemClock, roots: { proc } });
  const { values } = readExposition(await collectOnce({ exporters: EXPORTERS, labels: {} }, log, host));
  expect(values.get('node_scrape_collector_success{collector="loadavg"}')).toBe(0);
  expect(values.get('node_scrape_collector_success{collector="meminfo"}')).toBe(1);
  expect(values.get("node_memory_MemTotal_bytes")).toBe(1024);
  expect(lines).toEqual([
    'warn os: collector gives nothing name=loadavg reason=Cannot parse /proc/loadavg: expected the load of 1 min as a number, got "garbage".',
  ]);
}, 120_000);

test("a disabled exporter is not asked", async () => {
  const { log } = recordingLogger();
  expect(await collectOnce({ exporters: { os: { ...EXPORTERS.os, enabled: false } }, labels: {} }, log)).toBe(
    "",
  );
});

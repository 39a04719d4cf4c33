import { afterAll, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Tick } from "../../../../src/agent/exporters/os/collector.ts";
import { createFilesystem } from "../../../../src/agent/exporters/os/filesystem.ts";
import { Host } from "../../../../src/agent/host.ts";
import { systemClock } from "../../../../src/lib/clock.ts";
import { temporaryFolder } from "../../../support/temporary.ts";

const temporary = temporaryFolder();
const folder = temporary.path;
const fuse = openSync("/dev/fuse", "r+");

/** Mounts a file system whose daemon never answers, as a dead NFS server does not. */
function mountDead(name: string): void {
  mkdirSync(join(folder, name));
  const mounted = Bun.spawnSync(
    [
      "/bin/mount",
      "-i",
      "-t",
      "fuse",
      "-o",
      "fd=3,rootmode=040000,user_id=0,group_id=0",
      "none",
      join(folder, name),
    ],
    { stdio: ["ignore", "inherit", "pipe", fuse] },
  );
  if (!mounted.success) throw new Error(`Cannot mount, run the tests as root: ${mounted.stderr}`);
}

afterAll(() => {
  closeSync(fuse); // Ends what hangs.
  Bun.spawnSync(["/bin/umount", "-l", join(folder, "dead")]);
  temporary[Symbol.dispose]();
});

test("a hanging mount is reported, is not asked again, and holds up neither the others nor the next tick", async () => {
  mountDead("dead");
  mkdirSync(join(folder, "proc/1"), { recursive: true });
  mkdirSync(join(folder, "alive"));
  const mounts = ["none /dead nfs4 rw 0 0", "/dev/vda /alive ext4 rw 0 0", "/dev/vdb /gone ext4 rw 0 0"];
  writeFileSync(join(folder, "proc/1/mounts"), mounts.join("\n"));
  const host = new Host({ clock: systemClock, roots: { proc: join(folder, "proc"), root: folder } });
  const troubles: string[] = [];
  const filesystem = createFilesystem((mountPoint, reason) => {
    if (reason !== undefined) troubles.push(`${mountPoint}: ${reason}`);
  });
  const collect = async () => {
    const started = performance.now();
    const samples = await filesystem.collect(host, new Tick(host));
    const errors = samples
      .filter(({ name }) => name === "node_filesystem_device_error")
      .map(({ value }) => value);
    return {
      errors,
      sizes: samples.filter(({ name }) => name.endsWith("size_bytes")).length,
      ms: performance.now() - started,
    };
  };

  const first = await collect();
  expect(first).toMatchObject({ errors: [1, 0, 1], sizes: 1 });
  expect(first.ms).toBeWithin(1400, 15_000);
  const second = await collect();
  expect(second).toMatchObject({ errors: [1, 0, 1], sizes: 1 });
  expect(second.ms).toBeLessThan(1000);
  expect(troubles[0]).toContain("/dead has not answered within 1500 ms");
  expect(troubles[1]).toContain("/gone: ENOENT");
  expect(troubles[2]).toMatch(/\/dead has not answered since \d{4}-/);
  // The thread pool still works.
  expect(await Bun.file(join(folder, "proc/1/mounts")).text()).toContain("/alive");
});

import { afterAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AccessDenied, Host } from "../../src/agent/host.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder();
const root = folder.path;
mkdirSync(join(root, "sys/class/net"), { recursive: true });
writeFileSync(join(root, "sys/class/net/mtu"), "1500\n");
afterAll(() => folder[Symbol.dispose]());

const fixture = new Host({ clock: systemClock, roots: { sys: join(root, "sys"), root } });
const machine = new Host({ clock: systemClock });
/** The kernel lets nobody read it, not even root. */
const UNREADABLE = "/proc/sys/vm/compact_memory";

test("roots can be moved", () => {
  expect(fixture.sys("class/net/mtu")).toBe(join(root, "sys/class/net/mtu"));
  expect(fixture.path("/run/udev")).toBe(join(root, "run/udev"));
  expect(fixture.proc("stat")).toBe("/proc/stat");
});

test("what is there is read, a value without its line feed", () => {
  expect(fixture.readText(fixture.sys("class/net/mtu"))).toBe("1500\n");
  expect(fixture.readValue(fixture.sys("class/net/mtu"))).toBe("1500");
  expect(fixture.list(fixture.sys("class"))).toEqual(["net"]);
  expect(fixture.resolve(fixture.sys("class/../class"))).toBe(join(root, "sys/class"));
});

test("what is not there is undefined", () => {
  for (const path of [fixture.sys("nothing"), fixture.sys("class/net/mtu/below")]) {
    expect(fixture.readText(path)).toBeUndefined();
    expect(fixture.readValue(path)).toBeUndefined();
    expect(fixture.list(path)).toBeUndefined();
    expect(fixture.modified(path)).toBeUndefined();
    expect(fixture.resolve(path)).toBeUndefined();
    expect(fixture.exists(path)).toBeFalse();
    expect(fixture.mayRead(path)).toBeFalse();
  }
});

test("what may not be read is an error that names the path", () => {
  const denied = `Cannot read ${UNREADABLE}: permission denied. Run the agent as root, or grant it access.`;
  expect(() => machine.readText(UNREADABLE)).toThrow(denied);
  expect(() => machine.readValue(UNREADABLE)).toThrow(AccessDenied);
});

test("a directory read as a file is an error that names the path", () => {
  expect(() => fixture.readText(fixture.sys("class"))).toThrow(`Cannot read ${join(root, "sys/class")}: `);
});

test("the usage of a file system adds up", async () => {
  const usage = machine.usage("/");
  expect(usage.size).toBeGreaterThan(usage.free);
  expect(usage.free).toBeGreaterThanOrEqual(usage.available);
  expect((await machine.slowUsage("/", 1000)).size).toBe(usage.size);
});

test("the page size is the kernel's", () => {
  const { stdout } = Bun.spawnSync(["getconf", "PAGESIZE"]);
  expect(machine.pageBytes).toBe(Number(stdout.toString()));
});

test("the clock's state has the usual tick of 10 ms", () => {
  expect(machine.timex()?.tick).toBeWithin(9000, 11_001);
});

import { describe, expect, test } from "bun:test";
import type { Sample } from "../../../../src/agent/exporters/exporter.ts";
import { CpuCounters, parseCpuList, parseCpuTimes } from "../../../../src/agent/exporters/os/cpu.ts";
import { parseDiskstats, parseUdevProperties } from "../../../../src/agent/exporters/os/diskstats.ts";
import { parseMounts } from "../../../../src/agent/exporters/os/filesystem.ts";
import {
  cleanName,
  parseSensorFile,
  sensorSamples,
} from "../../../../src/agent/exporters/os/hwmon_values.ts";
import { parseFileNr } from "../../../../src/agent/exporters/os/kernel.ts";
import { parseLoadavg } from "../../../../src/agent/exporters/os/loadavg.ts";
import { parseMdstat } from "../../../../src/agent/exporters/os/mdadm.ts";
import { parseMeminfo } from "../../../../src/agent/exporters/os/meminfo.ts";
import { linkSamples } from "../../../../src/agent/exporters/os/netclass.ts";
import { parseNetDev } from "../../../../src/agent/exporters/os/netdev.ts";
import { parseNetstat, parseSnmp6 } from "../../../../src/agent/exporters/os/netstat.ts";
import { parsePressure } from "../../../../src/agent/exporters/os/pressure.ts";
import {
  parseArp,
  parseConntrackStat,
  parseSockstat,
  parseSoftnet,
  parseUdpQueues,
} from "../../../../src/agent/exporters/os/sockets.ts";
import { parseStat } from "../../../../src/agent/exporters/os/stat.ts";
import { osSamples, parseOsRelease } from "../../../../src/agent/exporters/os/system.ts";
import { Malformed } from "../../../../src/agent/exporters/os/text.ts";
import { zoneName } from "../../../../src/agent/exporters/os/time.ts";
import { parseVmstat } from "../../../../src/agent/exporters/os/vmstat.ts";
import { seriesOf } from "../exposition_reader.ts";

/** `series → value`, for short comparisons. */
function shown(samples: readonly Sample[]): Record<string, number> {
  return Object.fromEntries(samples.map(({ name, labels, value }) => [seriesOf(name, labels), value]));
}

describe("/proc/stat", () => {
  test("missing columns of old kernels are 0, the sum over CPUs is left out", () => {
    expect(parseCpuTimes("cpu  1 2 3\ncpu0 1 2 3 4\nintr 5\ncpu9 1 1 1 1\n")).toEqual([
      { cpu: "0", times: [1, 2, 3, 4, 0, 0, 0, 0, 0, 0] },
    ]);
  });

  test("an offline CPU leaves a hole, not a shift", () => {
    expect(parseCpuTimes("cpu 0\ncpu0 1\ncpu2 3\n").map(({ cpu }) => cpu)).toEqual(["0", "2"]);
  });

  test("of the interrupts only the total is taken, however many follow", () => {
    expect(shown(parseStat(`intr 77 ${"0 ".repeat(5000)}\nctxt 5\nunknown 1\n`))).toEqual({
      node_intr_total: 77,
      node_context_switches_total: 5,
    });
  });

  test("idle and iowait that step back are held; a CPU that was put in again starts anew", () => {
    const counters = new CpuCounters();
    const idle = (user: number, idleTicks: number) => {
      const samples = counters.samples([{ cpu: "0", times: [user, 0, 0, idleTicks, 0, 0, 0, 0, 0, 0] }]);
      const all = shown(samples);
      return [
        all['node_cpu_seconds_total{cpu="0",mode="user"}'],
        all['node_cpu_seconds_total{cpu="0",mode="idle"}'],
      ];
    };
    expect(idle(100, 1000)).toEqual([1, 10]);
    expect(idle(110, 999)).toEqual([1.1, 10]);
    expect(idle(120, 1005)).toEqual([1.2, 10.05]);
    expect(idle(5, 3)).toEqual([0.05, 0.03]);
  });

  test("lists of CPUs", () => {
    expect(parseCpuList("0-2,7\n")).toEqual([0, 1, 2, 7]);
    expect(parseCpuList("")).toEqual([]);
    expect(parseCpuList("0-99999999999").length).toBe(65_536);
  });
});

describe("/proc/meminfo", () => {
  test("kB become bytes, counts have no unit, parentheses become an underscore", () => {
    expect(shown(parseMeminfo("MemFree:  12 kB\nActive(anon): 1 kB\nHugePages_Total:   3\n"))).toEqual({
      node_memory_MemFree_bytes: 12_288,
      node_memory_Active_anon_bytes: 1024,
      node_memory_HugePages_Total: 3,
    });
  });
});

describe("/proc/1/mounts", () => {
  const mountPoints = (text: string) => parseMounts(text).map(({ mountPoint }) => mountPoint);

  test("what Debian's node_exporter leaves out is left out", () => {
    expect(
      mountPoints(
        [
          "a / ext4 rw 0 0",
          "a /dev ext4 rw 0 0",
          "a /devices ext4 rw 0 0",
          "a /run/user/0 tmpfs rw 0 0",
          "a /mnt/x ext4 rw 0 0",
          "a /media ext4 rw 0 0",
          "a /var/lib/docker/x ext4 rw 0 0",
          "a /var/lib/docker ext4 rw 0 0",
          "a /o overlay rw 0 0",
        ].join("\n"),
      ),
    ).toEqual(["/", "/devices", "/var/lib/docker"]);
  });

  test("octal escapes are undone, equal mounts listed once, read-only is a whole option", () => {
    expect(
      parseMounts("/dev/a\\040b /x\\134y\\011z ext4 relro,rw 0 0\nd /r xfs ro 0 0\nd /r xfs rw 0 0"),
    ).toEqual([
      { device: "/dev/a\\040b", mountPoint: "/x\\y\tz", type: "ext4", readOnly: false },
      { device: "d", mountPoint: "/r", type: "xfs", readOnly: true },
    ]);
  });
});

describe("/proc/diskstats", () => {
  test("partitions and memory disks are left out, whole disks are not", () => {
    const devices = "sda sda1 nvme0n1 nvme0n1p1 vda2 xvda loop0 ram1 dm-0 md127 mmcblk0 zram0 fd0".split(" ");
    const text = devices.map((device) => `8 0 ${device} 1 1 1 1 1 1 1 1 1 1 1`).join("\n");
    expect(parseDiskstats(text).map(({ device }) => device)).toEqual(
      "sda nvme0n1 xvda dm-0 md127 mmcblk0 zram0".split(" "),
    );
  });

  test("sectors of 512 bytes, milliseconds, and only the columns that the kernel has", () => {
    const [disk] = parseDiskstats("8 0 sda 1 2 3 4 5 6 7 8 9 10 11");
    expect(disk?.samples.length).toBe(11);
    expect(shown(disk?.samples ?? [])).toMatchObject({
      'node_disk_read_bytes_total{device="sda"}': 1536,
      'node_disk_write_time_seconds_total{device="sda"}': 0.008,
    });
  });

  test("udev's properties", () => {
    expect([...parseUdevProperties("S:x\nE:A=1\nE:B==2=\nE:broken\nI:1")]).toEqual([
      ["A", "1"],
      ["B", "=2="],
    ]);
  });
});

describe("/proc/mdstat", () => {
  test("no arrays", () => {
    expect(parseMdstat("Personalities : \nunused devices: <none>\n")).toEqual([]);
  });

  test("a reshape counts as resync, a rebuild of six disks as recovering", () => {
    const [reshape, rebuild] = parseMdstat(
      [
        "md127 : active raid6 sdd[3] sdc[2] sdb[1] sda[0]",
        "      7813770240 blocks super 1.2 level 6, 512k chunk, algorithm 2 [4/4] [UUUU]",
        "      [>....................]  reshape =  0.1% (123/3906885120) finish=1.0min speed=1K/sec",
        "",
        "md6 : active raid6 sda1[6] sdf1[5]",
        "      195310144 blocks super 1.2 level 6, 512k chunk, algorithm 2 [6/5] [_UUUUU]",
        "      [=>....]  recovery=PENDING",
      ].join("\n"),
    );
    expect(reshape).toMatchObject({ device: "md127", state: "resync", synced: 123, required: 4, active: 4 });
    expect(rebuild).toMatchObject({ device: "md6", state: "recovering", synced: 0, required: 6, active: 5 });
  });
});

describe("network", () => {
  const heading = "Inter-| Receive\n face |bytes\n";
  const columns = Array.from({ length: 16 }, (_, i) => i + 1).join(" ");

  test("/proc/net/dev: aliases keep their colon, numbers may touch it, lo is left out", () => {
    const samples = parseNetDev(`${heading} eth0:1:${columns}\n  lo: ${columns}\n`);
    expect(samples.length).toBe(16);
    expect(shown(samples)).toMatchObject({
      'node_network_receive_bytes_total{device="eth0:1"}': 1,
      'node_network_transmit_compressed_total{device="eth0:1"}': 16,
    });
  });

  test("devices of single containers are left out; bridges and virtual machines' are not", () => {
    const left = [
      "veth3f2a91c",
      "veth100i0",
      "cali12d4a061371",
      "lxc9f3c1e0b77aa",
      "lxc_health",
      "0a1b2c3d4e5f607",
    ];
    const kept = [
      "eth0",
      "docker0",
      "br-0a1b2c3d4e5f",
      "cni0",
      "lxcbr0",
      "tap100i0",
      "vnet3",
      "flannel.1",
      "bond0",
    ];
    const devices = [...left, ...kept].map((name) => `${name}: ${columns}\n`).join("");
    const seen = parseNetDev(heading + devices).map(({ labels }) => labels[0]![1]);
    expect([...new Set(seen)]).toEqual(kept);
    const neighbours = [...left, "eth0"].map((name) => `192.0.2.1 0x1 0x2 02:00:5e:00:53:01 * ${name}\n`);
    expect(shown(parseArp(`IP address\n${neighbours.join("")}`))).toEqual({
      'node_arp_entries{device="eth0"}': 1,
    });
  });

  test("/sys/class/net: what a driver does not say is not there", () => {
    const attributes: Record<string, string> = { operstate: "down", flags: "0x1003", speed: "-1", mtu: "" };
    expect(shown(linkSamples("eth0", (name) => attributes[name]))).toEqual({
      'node_network_up{device="eth0"}': 0,
      'node_network_info{device="eth0",operstate="down"}': 1,
      'node_network_flags{device="eth0"}': 4099,
      'node_network_speed_bytes{device="eth0"}': -125_000,
    });
  });

  test("/proc/net/snmp: the default fields, negative numbers too", () => {
    expect(shown(parseNetstat("Tcp: MaxConn CurrEstab InErrs\nTcp: -1 5 6\n"))).toEqual({
      node_netstat_Tcp_CurrEstab: 5,
      node_netstat_Tcp_InErrs: 6,
    });
  });

  test("/proc/net/snmp6: the protocol ends at the six", () => {
    expect(shown(parseSnmp6("Udp6InErrors \t 3\nIp6InReceives 4\nnonsense 1\n"))).toEqual({
      node_netstat_Udp6_InErrors: 3,
    });
  });

  test("/proc/net/sockstat: pages become bytes besides", () => {
    expect(shown(parseSockstat("TCP: inuse 4 mem 2\n", 65_536))).toEqual({
      node_sockstat_TCP_inuse: 4,
      node_sockstat_TCP_mem: 2,
      node_sockstat_TCP_mem_bytes: 131_072,
    });
  });

  test("/proc/net/softnet_stat: old kernels do not name the CPU", () => {
    expect(shown(parseSoftnet("0000000a 00000001 00000002 0 0 0 0 0 0\n"))).toEqual({
      'node_softnet_processed_total{cpu="0"}': 10,
      'node_softnet_dropped_total{cpu="0"}': 1,
      'node_softnet_times_squeezed_total{cpu="0"}': 2,
    });
  });

  test("/proc/net/arp, /proc/net/udp and conntrack without entries", () => {
    expect(parseArp("IP address HW type\n")).toEqual([]);
    expect(shown(parseUdpQueues("sl local\n", "v6"))).toEqual({
      'node_udp_queues{ip="v6",queue="tx"}': 0,
      'node_udp_queues{ip="v6",queue="rx"}': 0,
    });
    expect(parseConntrackStat("").map(({ value }) => value)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("sensors", () => {
  test("file names", () => {
    expect(parseSensorFile("temp12_crit_alarm")).toEqual({
      type: "temp",
      sensor: "temp12",
      attribute: "crit_alarm",
    });
    expect(parseSensorFile("pwm1")).toEqual({ type: "pwm", sensor: "pwm1", attribute: "" });
    expect(parseSensorFile("beep_enable")).toEqual({
      type: "beep_enable",
      sensor: "beep_enable0",
      attribute: "",
    });
    for (const file of ["name", "uevent", "device", "temperature1_input", "_", "", "1"])
      expect(parseSensorFile(file)).toBeUndefined();
  });

  test("a fan that has a plain file besides its input is named after the input", () => {
    const attributes = new Map([
      ["", "1"],
      ["input", "900"],
    ]);
    expect(shown(sensorSamples("c", "fan1", attributes))).toEqual({
      'node_hwmon_fan{chip="c",sensor="fan1"}': 1,
      'node_hwmon_fan_input_rpm{chip="c",sensor="fan1"}': 900,
    });
  });

  test("what is no number is left out", () => {
    expect(sensorSamples("c", "temp1", new Map([["input", "N/A"]]))).toEqual([]);
    expect(sensorSamples("c", "temp1", new Map([["input", ""]]))).toEqual([]);
  });

  test("names are cleaned", () => {
    expect(cleanName("0000:01:00.0")).toBe("0000:01:00_0");
    expect(cleanName("__Ünit-7__\n")).toBe("nit_7");
  });
});

describe("the system", () => {
  test("os-release: quotes, escapes, comments", () => {
    const release = parseOsRelease(
      '# c\nID=alma\nVERSION_ID=\'9.4\'\nNAME="A \\"B\\" \\$c"\nbroken\n =x\nPRETTY_NAME="unclosed\n',
    );
    expect([...release]).toEqual([
      ["id", "alma"],
      ["version_id", "9.4"],
      ["name", 'A "B" $c'],
      ["pretty_name", '"unclosed'],
    ]);
    expect(osSamples(release).map(({ value }) => value)).toEqual([1, 9.4]);
    expect(osSamples(new Map([["version_id", "rolling"]])).length).toBe(1);
  });

  test("the zone's abbreviation at an offset", () => {
    const berlin = "TZif2\u0000…\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    expect(zoneName(berlin, 3600)).toBe("CET");
    expect(zoneName(berlin, 7200)).toBe("CEST");
    expect(zoneName("\nNST3:30NDT,M3.2.0,M11.1.0\n", -12_600)).toBe("NST");
    expect(zoneName("\n<+0545>-5:45\n", 20_700)).toBe("+0545");
    expect(zoneName("", 0)).toBe("UTC");
  });

  test("/proc/pressure: stalled has no meaning for the CPU", () => {
    const text = "some avg10=0.00 total=2000000\nfull avg10=0.00 total=1000000\n";
    expect(shown(parsePressure("cpu", text))).toEqual({ node_pressure_cpu_waiting_seconds_total: 2 });
    expect(shown(parsePressure("io", text))).toEqual({
      node_pressure_io_waiting_seconds_total: 2,
      node_pressure_io_stalled_seconds_total: 1,
    });
  });
});

describe("what is cut off or not as promised is an error that shows it, not a zero", () => {
  const cases: [string, (text: string) => unknown, string[]][] = [
    ["cpu", parseCpuTimes, ["cpu0 1 x 3", "cpu0 1 NaN"]],
    ["stat", parseStat, ["ctxt ", "btime abc", "processes -"]],
    ["meminfo", parseMeminfo, ["MemFree:", "MemFree: x kB", "no colon 1", '"}: 1 kB']],
    ["loadavg", parseLoadavg, ["", "0.1 0.2", "a b c"]],
    ["vmstat", parseVmstat, ["pgfault", "pgfault Infinity", "oom_kill 1x"]],
    ["file-nr", parseFileNr, ["", "1\t0", "1 0 x"]],
    ["mounts", parseMounts, ["/dev/sda /", "x"]],
    ["diskstats", parseDiskstats, ["8 0", "8 0 sda 1 2 x"]],
    ["mdstat", parseMdstat, ["md0 : active raid1 sda1[0]", "md0 : active raid1 sda1[0]\n      blocks"]],
    ["net/dev", parseNetDev, ["a\nb\neth0", "a\nb\neth0: 1 2 3", "a\nb\neth0: x"]],
    ["netstat", parseNetstat, ["Tcp: A B\nTcp: 1", "Tcp: A", "Tcp: A\nUdp: 1", "Tcp: InErrs\nTcp: x"]],
    ["snmp6", parseSnmp6, ["Udp6InErrors"]],
    ["sockstat", (text) => parseSockstat(text, 4096), ["TCP: inuse", "TCP: inuse x"]],
    ["softnet", parseSoftnet, ["zz 00 00", "00000001"]],
    ["arp", parseArp, ["IP\n192.0.2.1 0x1"]],
    ["udp", (text) => parseUdpQueues(text, "v4"), ["sl\n1: a b 07", "sl\n1: a b 07 xyz:0"]],
    ["conntrack", parseConntrackStat, ["entries\n00000001 00000002"]],
    ["pressure", (text) => parsePressure("io", text), ["some avg10=0.00", "some total=", "full total=x"]],
    ["a link", (text) => linkSamples("e", (name) => (name === "mtu" ? text : undefined)), ["x", "1 2"]],
  ];
  for (const [name, parse, texts] of cases)
    test(name, () => {
      for (const text of texts) expect(() => parse(text)).toThrow(Malformed);
    });

  test("the message names the file, what was expected and what there is", () => {
    expect(() => parseLoadavg("0.1 x")).toThrow(
      'Cannot parse /proc/loadavg: expected the load of 5 min as a number, got "x".',
    );
  });
});

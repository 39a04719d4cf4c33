import type { Host } from "../../host.ts";
import type { Timex } from "../../timex.ts";
import { NoData, type Sample } from "../exporter.ts";
import { Cached } from "./cached.ts";
import type { Collector } from "./collector.ts";
import { sample, wordsOf } from "./text.ts";

/** Zone rules and clock sources hardly ever change. */
const SETTINGS_MAX_AGE_MS = 60_000;

export function createTime(): Collector {
  const zone = new Cached(SETTINGS_MAX_AGE_MS, readZone);
  const sources = new Cached(SETTINGS_MAX_AGE_MS, readClockSources);
  return {
    name: "time",
    collect: (host) => [
      sample("node_time_seconds", host.clock.now() / 1000),
      ...zone.get(host),
      ...sources.get(host),
    ],
  };
}

function readZone(host: Host): Sample[] {
  const offset = (0 - new Date(host.clock.now()).getTimezoneOffset()) * 60;
  const name = zoneName(host.readText(host.etc("localtime")) ?? "", offset);
  return [sample("node_time_zone_offset_seconds", offset, [["time_zone", name]])];
}

/**
 * The zone's abbreviation at an offset, from the POSIX rule in the last line of a TZif file (RFC 8536), as
 * `CET-1CEST,M3.5.0,M10.5.0/3`. Its sign is the other way round: hours to add to get UTC.
 */
export function zoneName(tzif: string, offsetSeconds: number): string {
  const rule = tzif.trimEnd().split("\n").at(-1) ?? "";
  const [, standard, sign, hours, minutes, summer] =
    /^(<[^>]+>|[A-Za-z]+)([+-]?)([0-9]+)(?::([0-9]+))?(<[^>]+>|[A-Za-z]+)?/.exec(rule) ?? [];
  if (standard === undefined) return offsetSeconds === 0 ? "UTC" : "";
  const west = (Number(hours) * 60 + Number(minutes ?? 0)) * 60 * (sign === "-" ? -1 : 1);
  const name = summer !== undefined && offsetSeconds !== -west ? summer : standard;
  return name.replace(/^<|>$/g, "");
}

function readClockSources(host: Host): Sample[] {
  const root = host.sys("devices/system/clocksource");
  return (host.list(root) ?? []).flatMap((entry) => {
    if (!/^clocksource[0-9]+$/.test(entry)) return [];
    const device = entry.slice("clocksource".length);
    const read = (file: string) => wordsOf(host.readValue(`${root}/${entry}/${file}`) ?? "");
    const info = (name: string) => (clocksource: string) =>
      sample(name, 1, [
        ["clocksource", clocksource],
        ["device", device],
      ]);
    return [
      ...read("available_clocksource").map(info("node_time_clocksource_available_info")),
      ...read("current_clocksource").map(info("node_time_clocksource_current_info")),
    ];
  });
}

export const timex: Collector = {
  name: "timex",
  collect(host) {
    const state = host.timex();
    if (state === undefined) throw new NoData("adjtimex(2) is not available");
    return timexSamples(state);
  },
};

const TIME_ERROR = 5;
const STA_NANO = 0x2000;
/** Parts per million with a 16-bit fraction, as adjtimex(2) gives frequencies. */
const PPM_FRACTION = 1e6 * 65_536;

function timexSamples(t: Timex): Sample[] {
  const subsecond = (t.status & STA_NANO) === 0 ? 1e6 : 1e9;
  return [
    sample("node_timex_sync_status", t.state === TIME_ERROR ? 0 : 1),
    sample("node_timex_offset_seconds", t.offset / subsecond),
    sample("node_timex_frequency_adjustment_ratio", 1 + t.freq / PPM_FRACTION),
    sample("node_timex_maxerror_seconds", t.maxError / 1e6),
    sample("node_timex_estimated_error_seconds", t.estError / 1e6),
    sample("node_timex_status", t.status),
    sample("node_timex_loop_time_constant", t.constant),
    sample("node_timex_tick_seconds", t.tick / 1e6),
    sample("node_timex_pps_frequency_hertz", t.ppsFreq / PPM_FRACTION),
    sample("node_timex_pps_jitter_seconds", t.jitter / subsecond),
    sample("node_timex_pps_shift_seconds", t.shift),
    sample("node_timex_pps_stability_hertz", t.stabil / PPM_FRACTION),
    sample("node_timex_pps_jitter_total", t.jitCnt),
    sample("node_timex_pps_calibration_total", t.calCnt),
    sample("node_timex_pps_error_total", t.errCnt),
    sample("node_timex_pps_stability_exceeded_total", t.stbCnt),
    sample("node_timex_tai_offset_seconds", t.tai),
  ];
}

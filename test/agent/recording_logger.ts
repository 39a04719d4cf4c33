import type { LogFields, Logger } from "../../src/lib/log.ts";

/** A logger that keeps its lines as `level message key=value …`, keys sorted; debug lines are left out. */
export function recordingLogger(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: bound(lines, {}), lines };
}

function bound(lines: string[], base: LogFields): Logger {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      const all = Object.entries({ ...base, ...fields }).sort(([a], [b]) => (a < b ? -1 : 1));
      lines.push([level, message, ...all.map(([key, value]) => `${key}=${value}`)].join(" "));
    };
  return {
    debug() {},
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    with: (fields) => bound(lines, { ...base, ...fields }),
  };
}

import type { LogFields, Logger, LogLevel } from "../../src/lib/log.ts";

interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines for the test to look at. */
export function recordingLog(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return Object.assign(
    loggerTo((line) => lines.push(line)),
    { lines },
  );
}

/** A logger that keeps its lines as `level message key=value …`, keys sorted; debug lines are left out. */
export function recordingLogger(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = loggerTo(({ level, message, fields }) => {
    if (level === "debug") return;
    const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
    lines.push([level, message, ...sorted.map(([key, value]) => `${key}=${value}`)].join(" "));
  });
  return { log, lines };
}

function loggerTo(record: (line: LogLine) => void, bound: LogFields = {}): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) =>
    record({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => loggerTo(record, { ...bound, ...fields }),
  };
}

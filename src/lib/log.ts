import type { Clock } from "./clock.ts";
import type { LogSink } from "./log_sink.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export const LOG_FORMATS = ["text", "json"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type LogFormat = (typeof LOG_FORMATS)[number];

/** What is known beside the message. Undefined values are left out. `time`, `level` and `message` are taken. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
}

interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly sink: LogSink;
  readonly clock: Clock;
}

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};

export function createLogger(options: LogOptions, bound: LogFields = {}): Logger {
  const lowest = LOG_LEVELS.indexOf(options.level);
  const format = options.format === "json" ? formatJson : formatText;
  const at = (level: LogLevel) => {
    if (LOG_LEVELS.indexOf(level) < lowest) return () => {};
    return (message: string, fields?: LogFields) =>
      options.sink.write(format(options.clock.now(), level, message, { ...bound, ...fields }));
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLogger(options, { ...bound, ...fields }),
  };
}

/** `2026-11-21T10:00:00.000Z info  message key=value key="two words"` */
export function formatText(time: number, level: LogLevel, message: string, fields: LogFields): string {
  let line = `${new Date(time).toISOString()} ${level.padEnd(5)} ${escapeControl(message)}`;
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const text = String(value);
    line += ` ${key}=${PLAIN.test(text) ? text : escapeControl(JSON.stringify(text))}`;
  }
  return line;
}

/** `{"time":"2026-11-21T10:00:00.000Z","level":"info","message":"…","key":"value"}` */
export function formatJson(time: number, level: LogLevel, message: string, fields: LogFields): string {
  return escapeControl(JSON.stringify({ time: new Date(time).toISOString(), level, message, ...fields }));
}

const PLAIN = /^[\w.:/@+,%-]+$/;

/** C0, DEL, C1, line and paragraph separators, and the marks that reorder or hide text on a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Makes any text one harmless line: control characters become `\n`, `\r`, `\t` or `\u001b`. */
export function escapeControl(text: string): string {
  return text.replace(
    CONTROL,
    (character) => SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

import type { AgentConfig, ServerConfig } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { createLogger, type Logger } from "../lib/log.ts";
import { openLogSink } from "../lib/log_sink.ts";

/** The process's log. A log file is opened anew on SIGHUP and flushed when the scope ends. */
interface ProcessLog extends AsyncDisposable {
  readonly log: Logger;
}

/** @throws Error when the log file cannot be opened. */
export function openLog(config: ServerConfig | AgentConfig): ProcessLog {
  const sink = openLogSink(config.log_file);
  const log = createLogger({ level: config.log_level, format: config.log_format, sink, clock: systemClock });
  const reopen = () => sink.reopen();
  if (config.log_file !== "") process.on("SIGHUP", reopen);
  return {
    log,
    [Symbol.asyncDispose]: () => {
      process.off("SIGHUP", reopen);
      return sink.flush();
    },
  };
}

import { freePort } from "../../support/free_port.ts";
import { type Exposition, readExposition } from "./exposition_reader.ts";

const PROGRAM = "/usr/bin/prometheus-node-exporter";

export interface NodeExporter {
  scrape(): Promise<Exposition>;
  stop(): Promise<void>;
}

/** Debian's node_exporter on a free port of the loopback. Its package gives it no flags. */
export async function startNodeExporter(flags: readonly string[] = []): Promise<NodeExporter> {
  const port = freePort();
  const child = Bun.spawn([PROGRAM, `--web.listen-address=127.0.0.1:${port}`, ...flags], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const scrape = async () => readExposition(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
  for (let attempt = 0; ; attempt++) {
    try {
      await scrape();
      break;
    } catch (error) {
      if (attempt === 100 || child.exitCode !== null)
        throw new Error(`${PROGRAM} does not answer`, { cause: error });
      await Bun.sleep(50);
    }
  }
  return {
    scrape,
    async stop() {
      child.kill();
      await child.exited;
    },
  };
}

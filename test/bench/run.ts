/**
 * Runs the benchmarks: `npm run bench`, or `npm run bench -- NAME [options of that bench]`.
 * They report, and never fail on time.
 */
import { benchAgent } from "./agent.ts";
import { benchCodec } from "./codec.ts";
import { benchIngest } from "./ingest.ts";
import { benchPromql } from "./promql.ts";
import { benchStore } from "./store.ts";

const BENCHES: Record<string, (args: string[]) => Promise<void>> = {
  agent: benchAgent,
  codec: benchCodec,
  ingest: benchIngest,
  promql: benchPromql,
  store: benchStore,
};

async function main(): Promise<void> {
  const [only, ...args] = process.argv.slice(2);
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (only !== undefined && only !== name) continue;
    console.log(`\n${name}`);
    await bench(args);
  }
  if (only !== undefined && BENCHES[only] === undefined)
    throw new Error(`Cannot run bench "${only}": there are ${Object.keys(BENCHES).join(", ")}`);
}

if (import.meta.main) await main();

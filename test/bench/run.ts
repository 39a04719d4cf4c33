/**
 * Runs the benchmarks of docs/decisions and DESIGN's targets: `npm run bench [name …] [-- options]`.
 * They report, and never fail on time.
 */
import { benchCodec } from "./codec.ts";

const BENCHES: Record<string, () => Promise<void>> = {
  codec: benchCodec,
};

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
    const bench = BENCHES[name];
    if (bench === undefined)
      throw new Error(`Cannot run bench "${name}": there are ${Object.keys(BENCHES).join(", ")}`);
    console.log(`\n${name}`);
    await bench();
  }
}

if (import.meta.main) await main();

/**
 * Bundles the browser's TypeScript into static/dist, from where the server embeds it.
 * Run before anything that imports src/server/assets.ts: `bun static/build.ts`.
 */
import { fileURLToPath } from "node:url";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function build(): Promise<void> {
  const result = await Bun.build({
    entrypoints: ["theme.ts", "app.ts", "client.ts"].map((name) => here(name)),
    outdir: here("dist"),
    target: "browser",
    // Classic scripts: theme.js must run before the first paint, which modules never do.
    format: "iife",
    minify: true,
  });
  for (const message of result.logs) console.error(String(message));
  if (!result.success) process.exitCode = 1;
}

build().catch((error: unknown) => {
  console.error(error instanceof AggregateError ? error.errors.map(String).join("\n") : error);
  process.exitCode = 1;
});

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { temporaryFolder } from "../support/temporary.ts";
import { launchBrowser, WatchedPage } from "./browser.ts";

/**
 * `bun test/e2e/screenshots.ts OUTDIR` starts dist/dcmon in a folder of its own and writes a picture of each page in
 * light, in dark and on a phone: `fleet-dark.png`. For people to look at; it compares nothing.
 */
const BINARY = join(import.meta.dir, "../../dist/dcmon");
/** Charts are worth looking at once there are some samples in them. */
const COLLECTING_MS = 30_000;
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: WIDE, colorScheme: "light" },
  dark: { viewport: WIDE, colorScheme: "dark" },
  phone: { viewport: PHONE, colorScheme: "light" },
};

async function main(outDir: string | undefined): Promise<void> {
  if (outDir === undefined) throw new Error("Say where the pictures go: bun test/e2e/screenshots.ts OUTDIR");
  if (!existsSync(BINARY)) throw new Error(`${BINARY} does not exist. Build it with "npm run build".`);
  mkdirSync(outDir, { recursive: true });
  using folder = temporaryFolder();
  const dcmon = Bun.spawn([BINARY, "all", "--data-dir", folder.path, "--listen", "127.0.0.1:0"], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", DCMON_AGENT_EXPORTERS_OS_INTERVAL: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    const origin = await originOf(dcmon.stdout);
    await Bun.sleep(COLLECTING_MS);
    await photograph(origin, readFileSync(join(folder.path, "admin_token"), "utf8").trim(), outDir);
  } finally {
    dcmon.kill("SIGTERM");
    await dcmon.exited;
  }
}

async function originOf(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stdout) {
    text += decoder.decode(chunk, { stream: true });
    const origin = /dcmon is at (https:\/\/[^\s/]+)/.exec(text)?.[1];
    if (origin !== undefined) return origin;
  }
  throw new Error(`dcmon ended before it listened: ${text}`);
}

async function photograph(origin: string, token: string, outDir: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    for (const [look, options] of Object.entries(LOOKS)) {
      const save = savingTo(outDir, look);
      await photographPages(browser, origin, token, options, save);
    }
  } finally {
    await browser.close();
  }
}

async function photographPages(
  browser: Browser,
  origin: string,
  token: string,
  options: BrowserContextOptions,
  save: (watched: WatchedPage, name: string) => Promise<void>,
): Promise<void> {
  const watched = await WatchedPage.open(browser, origin, options);
  const { page } = watched;
  await page.goto("/login");
  await save(watched, "login");
  await watched.login(token);
  await page.locator("[data-label=CPU] .meter").first().waitFor();
  await save(watched, "fleet");
  await page.locator("a.row-link").first().click();
  // Charts load when they come into sight.
  for (const chart of await page.locator("[data-chart]").all()) await chart.scrollIntoViewIfNeeded();
  await page.locator("[data-chart=cpu][data-state=ready]").waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await save(watched, "client");
  await watched.close();
}

function savingTo(outDir: string, look: string) {
  return async ({ page }: WatchedPage, name: string): Promise<void> => {
    const path = join(outDir, `${name}-${look}.png`);
    await page.screenshot({ path, fullPage: true });
    process.stdout.write(`${path}\n`);
  };
}

await main(process.argv[2]);

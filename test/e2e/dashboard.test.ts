import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { temporaryFolder } from "../support/temporary.ts";
import { launchBrowser, WatchedPage } from "./browser.ts";

const ROOT = join(import.meta.dir, "../..");
const START_TIMEOUT_MS = 20_000;

/** `dcmon all`: server and agent of this machine, as a new user starts them. */
let dcmon: Bun.Subprocess<"ignore", "pipe", "inherit">;
let folder: ReturnType<typeof temporaryFolder>;
let dataDir: string;
let origin: string;
let token: string;
let browser: Browser;

beforeAll(async () => {
  folder = temporaryFolder();
  dataDir = folder.path;
  const command = [
    "src/main.ts",
    "all",
    "--data-dir",
    dataDir,
    "--listen",
    "127.0.0.1:0",
    "--log-level",
    "error",
  ];
  dcmon = Bun.spawn([process.execPath, ...command], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  origin = await startLine();
  token = readFileSync(join(dataDir, "admin_token"), "utf8").trim();
  browser = await launchBrowser();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  dcmon?.kill("SIGTERM");
  await dcmon?.exited;
  folder[Symbol.dispose]();
});

async function startLine(): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of dcmon.stdout) {
    text += decoder.decode(chunk, { stream: true });
    const url = /dcmon is at (https:\/\/[^\s/]+)/.exec(text)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`dcmon ended before it listened: ${text}`);
}

let watched: WatchedPage;
beforeEach(async () => {
  watched = await WatchedPage.open(browser, origin, { viewport: { width: 1280, height: 900 } });
});
afterEach(async () => {
  // Every test is also a test of the content security policy and of air-gapped use.
  expect(watched.complaints).toEqual([]);
  expect(watched.foreignRequests).toEqual([]);
  await watched.close();
});

const SOME_SECONDS = { timeout: 20_000 };

test("a wrong token is refused on the form, the right one opens the dashboard", async () => {
  const { page } = watched;
  await page.goto("/dashboard");
  expect(await page.getByText("admin_token").textContent()).toBe(join(dataDir, "admin_token"));
  await page.getByLabel("Admin token").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("This is not the admin token.").waitFor();
  // The browser reports the refused form itself.
  watched.complaints.length = 0;
  await page.getByLabel("Admin token").fill(token);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/dashboard");
});

describe("the dashboard", () => {
  beforeEach(() => watched.login(token));

  test("shows this machine with its figures within seconds", async () => {
    const { page } = watched;
    const row = page.locator("tr[id^=client-]");
    await row.getByText("Online").waitFor(SOME_SECONDS);
    await row.locator("[data-label=CPU] .meter").waitFor(SOME_SECONDS);
    expect(await row.locator("[data-label=Memory]").textContent()).toMatch(/^\d[\d.]* %$/);
    expect(await page.locator(".stats").textContent()).toContain("1 of 1");
  });

  test("refreshes in place: the row stays the same element and keeps the focus", async () => {
    const { page } = watched;
    const link = page.locator("a.row-link");
    await link.waitFor(SOME_SECONDS);
    await link.focus();
    await link.evaluate((element) => Object.assign(element, { marked: true }));
    await page.waitForResponse((response) => response.url().includes("/refresh/clients"), SOME_SECONDS);
    await page.waitForTimeout(100);
    expect(await link.evaluate((element) => (element as { marked?: boolean }).marked)).toBe(true);
    expect(await link.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test("filters as one types, and the URL holds the view", async () => {
    const { page } = watched;
    await page.locator("a.row-link").waitFor(SOME_SECONDS);
    await page.getByLabel("Filter nodes").fill("no-such-node");
    await page.getByText("No node matches").waitFor();
    expect(page.url()).toEndWith("/dashboard?q=no-such-node");
    await page.reload();
    await page.getByText("No node matches").waitFor();
    await page.getByLabel("Filter nodes").fill("");
    await page.locator("a.row-link").waitFor();
    expect(page.url()).toEndWith("/dashboard");
  });

  test("says when the server does not answer, and stops saying it when it does", async () => {
    const { page } = watched;
    const banner = page.getByText("The server does not answer.");
    await page.route("**/refresh/clients", (route) => route.abort());
    await banner.waitFor(SOME_SECONDS);
    await page.unroute("**/refresh/clients");
    await banner.waitFor({ state: "hidden", ...SOME_SECONDS });
    expect(watched.complaints.every((complaint) => complaint.includes("Failed"))).toBe(true);
    watched.complaints.length = 0;
  });

  test("changes between light and dark, and remembers it", async () => {
    const { page } = watched;
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Switch between light and dark" }).click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await ground()).toBe(dark);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await ground()).toBe(dark);
  });

  test("logs out", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL("**/login");
    await page.goto("/dashboard");
    expect(page.url()).toContain("/login?next=");
  });
});

describe("the page of a node", () => {
  beforeEach(async () => {
    await watched.login(token);
    await watched.page.locator("a.row-link").click(SOME_SECONDS);
    await watched.page.waitForSelector("#charts");
  });

  async function readyChart(chart: string): Promise<void> {
    await watched.page.locator(`[data-chart=${chart}][data-state=ready]`).waitFor(SOME_SECONDS);
  }

  const cellsOf = (chart: string) => watched.page.locator(`[data-chart=${chart}] .legend tbody tr`);

  test("fills its charts while one watches", async () => {
    const { page } = watched;
    for (const chart of ["cpu", "load", "memory", "filesystems"]) await readyChart(chart);
    expect(await cellsOf("load").first().locator("td").first().textContent()).toMatch(/^\d/);
    const before = await page.locator("[data-chart=memory] td").allTextContents();
    await page.waitForFunction(
      (before) =>
        [...document.querySelectorAll("[data-chart=memory] td")].map((cell) => cell.textContent).join() !==
        before,
      before.join(),
      SOME_SECONDS,
    );
    expect(await page.locator("#live-state").textContent()).toBe("Live");
  });

  test("loads what is below the fold by itself", async () => {
    for (const chart of ["cpu", "filesystems"]) await readyChart(chart);
    expect(await watched.page.evaluate(() => scrollY)).toBe(0);
    await watched.page.waitForFunction(
      () => document.querySelector(".chart[aria-busy=true]") === null,
      undefined,
      SOME_SECONDS,
    );
  });

  test("says nothing of the node while the server does not answer", async () => {
    const { page } = watched;
    await readyChart("cpu");
    const words = () => page.locator("#client-head .status-word, #live-state").allTextContents();
    expect(await words()).toEqual(["Online", "Live"]);
    await page.route(/client|query_range/, (route) => route.abort());
    await page.getByText("The server does not answer.").waitFor(SOME_SECONDS);
    expect(await words()).toEqual(["Not connected", "Not connected"]);
    await page.locator("#client-head time").getByText("s ago").waitFor(SOME_SECONDS);
    await page.unroute(/client|query_range/);
    await page.locator("#client-head .status-word").getByText("Online").waitFor(SOME_SECONDS);
    expect(await words()).toEqual(["Online", "Live"]);
    watched.complaints.length = 0;
  });

  test("goes to the login when the session has ended, and comes back to the same view", async () => {
    const { page } = watched;
    await page.getByRole("link", { name: "1 h", exact: true }).click();
    const view = page.url();
    await page.context().clearCookies();
    await page.getByText("Your session has ended.").waitFor(SOME_SECONDS);
    watched.complaints.length = 0;
    await page.getByLabel("Admin token").fill(token);
    await page.keyboard.press("Enter");
    await page.waitForURL(view);
  });

  test("says of an empty span that it is empty, and of an unreadable one that it cannot be read", async () => {
    const { page } = watched;
    const path = new URL(page.url()).pathname;
    await page.goto(`${path}?from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z`);
    await page.locator("[data-chart=network]").getByText("No data in this span.").waitFor(SOME_SECONDS);
    expect(await page.locator("#range-text").textContent()).toContain("2020");
    await page.goto(`${path}?from=banana`);
    await page.getByText("Cannot read “from=banana”").waitFor();
    expect(page.url()).toEndWith(path);
  });

  test("hides and shows a series from its legend", async () => {
    const toggle = cellsOf("memory").first().getByRole("button");
    await toggle.click(SOME_SECONDS);
    expect(await toggle.getAttribute("aria-pressed")).toBe("false");
    await toggle.press("Enter");
    expect(await toggle.getAttribute("aria-pressed")).toBe("true");
  });

  test("moves the cursor through all charts by keyboard", async () => {
    const { page } = watched;
    await readyChart("cpu");
    await readyChart("memory");
    await page.locator("[data-chart=cpu] .plot").focus();
    await page.keyboard.press("ArrowLeft");
    const heads = page.locator("[data-chart=cpu] [data-last], [data-chart=memory] [data-last]");
    const times = await heads.allTextContents();
    expect(times[0]).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(times[1]).toBe(times[0]!);
  });

  test("zooms by dragging: the URL names the span, and going back returns", async () => {
    const { page } = watched;
    const plot = page.locator("[data-chart=memory] .u-over");
    await plot.waitFor(SOME_SECONDS);
    await plot.scrollIntoViewIfNeeded();
    const box = (await plot.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/\?from=\d{4}-.*&to=\d{4}-/);
    expect(await page.locator("#live-state").textContent()).toBe("Paused");
    await page.goBack();
    expect(await page.locator("#live-state").textContent()).toBe("Live");
  });

  test("takes the range from the picker and keeps it over a reload", async () => {
    const { page } = watched;
    await page.getByRole("link", { name: "1 h", exact: true }).click();
    expect(page.url()).toEndWith("?from=-1h");
    await page.reload();
    expect(await page.locator("[data-range='-1h']").getAttribute("aria-current")).toBe("true");
    await page.getByRole("button", { name: "Earlier" }).click();
    await page.waitForURL(/\?from=.*&to=/);
  });

  test("fits a phone: nothing is wider than the screen", async () => {
    const { page } = watched;
    await page.setViewportSize({ width: 390, height: 844 });
    await readyChart("cpu");
    for (const path of [page.url(), "/dashboard"]) {
      await page.goto(path);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    }
  });
});

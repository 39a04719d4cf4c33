import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";

/** Nothing but this machine can be reached, and the browser asks for nothing of its own. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
}

/** A page, and everything about it that must stay empty. */
export class WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, CSP violations among them, and uncaught exceptions. */
  readonly complaints: string[] = [];
  /** Requests to anywhere but the server. */
  readonly foreignRequests: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page, origin: string) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:"))
        this.foreignRequests.push(request.url());
    });
  }

  static async open(
    browser: Browser,
    origin: string,
    options: BrowserContextOptions = {},
  ): Promise<WatchedPage> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, baseURL: origin, ...options });
    return new WatchedPage(context, await context.newPage(), origin);
  }

  async login(token: string): Promise<void> {
    await this.page.goto("/");
    await this.page.getByLabel("Admin token").fill(token);
    await this.page.getByRole("button", { name: "Log in" }).click();
    await this.page.waitForSelector("#fleet");
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

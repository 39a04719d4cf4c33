import { gzipSync } from "node:zlib";
import htmx from "htmx.org/dist/htmx.min.js" with { type: "text" };
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import baseCss from "../../static/css/base.css" with { type: "text" };
import chartsCss from "../../static/css/charts.css" with { type: "text" };
import clientCss from "../../static/css/client.css" with { type: "text" };
import fleetCss from "../../static/css/fleet.css" with { type: "text" };
import frameCss from "../../static/css/frame.css" with { type: "text" };
import loginCss from "../../static/css/login.css" with { type: "text" };
import tokensCss from "../../static/css/tokens.css" with { type: "text" };
import app from "../../static/dist/app.js" with { type: "text" };
import client from "../../static/dist/client.js" with { type: "text" };
import theme from "../../static/dist/theme.js" with { type: "text" };
import icon from "../../static/icon.svg" with { type: "text" };

interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  webmanifest: "application/manifest+json",
};

/**
 * What browsers load besides pages, all of it from the executable. Names carry a hash of the content, so that
 * browsers keep them for good. Looked up in a map: no path ever reaches a file system.
 */
export class Assets {
  readonly #byHashedName = new Map<string, Asset>();
  readonly #hashedNames = new Map<string, string>();

  constructor() {
    this.add("htmx.js", htmx);
    this.add("theme.js", theme);
    this.add("app.js", app);
    this.add("client.js", client);
    this.add("app.css", [tokensCss, baseCss, frameCss, loginCss, fleetCss, clientCss].join("\n"));
    this.add("charts.css", [uplotCss, chartsCss].join("\n"));
    this.add("icon.svg", icon);
  }

  add(name: string, text: string): void {
    const bytes = new TextEncoder().encode(text);
    const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex").slice(0, 12);
    const dot = name.lastIndexOf(".");
    const type = TYPES[name.slice(dot + 1)]!;
    const hashedName = `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
    this.#byHashedName.set(hashedName, {
      type,
      bytes,
      gzipped: new Uint8Array(gzipSync(bytes, { level: 9 })),
    });
    this.#hashedNames.set(name, hashedName);
  }

  /** @throws Error when there is no such asset: a page asks for something that is not embedded. */
  hashedName(name: string): string {
    const hashedName = this.#hashedNames.get(name);
    if (hashedName === undefined) throw new Error(`No asset "${name}" is embedded.`);
    return hashedName;
  }

  find(hashedName: string): Asset | undefined {
    return this.#byHashedName.get(hashedName);
  }
}

import type { Child } from "hono/jsx";
import type { Links } from "../src/server/links.ts";
import { Mark, SignOutIcon, SunMoonIcon } from "./components/icons.tsx";

/** What every page needs beside its own data. */
export interface PageFrame {
  readonly links: Links;
  /** Of the session; undefined for callers with a token, who have nothing to log out of. */
  readonly csrf?: string | undefined;
  readonly version: string;
}

interface LayoutProps {
  frame: PageFrame;
  title: string;
  /** Names of scripts beyond those of every page. */
  scripts?: readonly string[];
  styles?: readonly string[];
  children: Child;
}

/** htmx: nothing is swapped in from an error, no styles of its own, no history of its own. */
const HTMX_CONFIG = JSON.stringify({
  noSwap: [204, 304, "4xx", "5xx"],
  includeIndicatorCSS: false,
  history: false,
  defaultTimeout: 15_000,
});

export const Document = ({ frame: { links }, title, scripts = [], styles = [], children }: LayoutProps) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <title>{`${title} · dcmon`}</title>
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="theme-color" content="#f6f7f9" media="(prefers-color-scheme: light)" />
      <meta name="theme-color" content="#0e1116" media="(prefers-color-scheme: dark)" />
      <meta name="htmx-config" content={HTMX_CONFIG} />
      <link rel="icon" href={links.asset("icon.svg")} type="image/svg+xml" />
      <link rel="manifest" href={links.asset("manifest.webmanifest")} />
      <script src={links.asset("theme.js")} />
      {["app.css", ...styles].map((name) => (
        <link rel="stylesheet" href={links.asset(name)} />
      ))}
      {["htmx.js", "app.js", ...scripts].map((name) => (
        <script src={links.asset(name)} defer />
      ))}
    </head>
    <body>{children}</body>
  </html>
);

/** A page with the bar on top, for people who are logged in. */
export const Layout = ({ children, ...document }: LayoutProps) => (
  <Document {...document}>
    <a class="skip-link" href="#main">
      Skip to content
    </a>
    <TopBar frame={document.frame} />
    <div id="connection-lost" class="banner" role="status" hidden>
      <span>The server does not answer. This is the last that it sent; trying again…</span>
    </div>
    <main id="main" tabindex={-1}>
      {children}
    </main>
  </Document>
);

const TopBar = ({ frame: { links, csrf } }: { frame: PageFrame }) => (
  <header class="top-bar">
    <a class="brand" href={links.dashboard}>
      <Mark />
      <span>dcmon</span>
    </a>
    <nav aria-label="Main">
      <a href={links.dashboard} aria-current="page">
        Fleet
      </a>
    </nav>
    <div class="top-bar-end">
      <button type="button" class="icon-button" data-theme-toggle aria-label="Switch between light and dark">
        <SunMoonIcon />
      </button>
      {csrf !== undefined && (
        <form method="post" action={links.logout}>
          <input type="hidden" name="csrf" value={csrf} />
          <button type="submit" class="icon-button" aria-label="Log out" title="Log out">
            <SignOutIcon />
          </button>
        </form>
      )}
    </div>
  </header>
);

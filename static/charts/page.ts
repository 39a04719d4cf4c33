import { showLost } from "../connection.ts";
import { THEME_CHANGED } from "../theme_toggle.ts";
import { Chart } from "./chart.ts";
import { CHARTS } from "./definitions.ts";
import { LoggedOut, QueryFailed } from "./query.ts";
import { fixedRange, rangeOf, stepFor, type TimeRange } from "./range.ts";
import { RangeBar } from "./range_bar.ts";

/** Screen pixels per point: denser shows no more. */
const PIXELS_PER_POINT = 2;
const AXIS_PIXELS = 80;
const SLOWEST_REFRESH_MS = 60_000;
/** What a node sent late, after an outage, is shown after this time at the latest. */
const RELOAD_MS = 60_000;

/** All charts of a client page: one range, one clock, one cursor. Charts out of sight ask for nothing. */
export class ChartPage {
  readonly #charts = new Map<Element, Chart>();
  readonly #visible = new Set<Chart>();
  readonly #loadedAt = new Map<Chart, number>();
  readonly #element: HTMLElement;
  readonly #interval: number;
  readonly #bar: RangeBar;
  #range: TimeRange = rangeOf("", Date.now())!;
  #step = 0;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#interval = Number(element.dataset.interval);
    this.#bar = new RangeBar(document.getElementById("range-bar")!, (search) => this.#go(search));
    const source = {
      url: element.dataset.queryRange!,
      instance: element.dataset.instance!,
      interval: this.#interval,
    };
    const events = {
      onZoom: (from: number, to: number) => this.#go(fixedRange(from, to)),
      onZoomOut: () => this.#bar.move("out"),
    };
    for (const card of element.querySelectorAll<HTMLElement>("[data-chart]")) {
      const definition = CHARTS.find(({ id }) => id === card.dataset.chart)!;
      this.#charts.set(card, new Chart(card, definition, source, events));
    }
  }

  start(): void {
    addEventListener("popstate", () => this.#apply());
    document.addEventListener(THEME_CHANGED, () => {
      for (const chart of this.#charts.values()) chart.recolour();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#apply();
    });
    addEventListener("beforeprint", () => {
      for (const chart of this.#charts.values()) if (!this.#loadedAt.has(chart)) this.#load(chart);
    });
    this.#apply();
    const sight = new IntersectionObserver((entries) => this.#onSight(entries), { rootMargin: "300px" });
    for (const card of this.#charts.keys()) sight.observe(card);
  }

  #go(search: string): void {
    history.pushState(null, "", search);
    this.#apply();
  }

  /** Takes the range from the URL and loads what is in sight. */
  #apply(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#loadedAt.clear();
    const [search, unreadable] = this.#setRange();
    this.#bar.show(this.#range, search, unreadable);
    for (const chart of this.#visible) this.#load(chart);
    this.#loadRest();
    this.#schedule();
  }

  /** What is out of sight comes when the browser has nothing else to do: for scrolling, searching and printing. */
  #loadRest(): void {
    const { signal } = this.#abort;
    whenIdle(() => {
      const next = [...this.#charts.values()].find((chart) => !this.#loadedAt.has(chart));
      if (next === undefined || signal.aborted || document.hidden) return;
      this.#load(next).then((loaded) => {
        if (loaded) this.#loadRest();
      });
    });
  }

  /** @returns the query string of the range that is shown, and what the URL asked for when that was no range. */
  #setRange(): [search: string, unreadable?: string] {
    const asked = location.search;
    const range = rangeOf(asked, Date.now());
    if (range === undefined) history.replaceState(null, "", location.pathname);
    this.#range = range ?? rangeOf("", Date.now())!;
    const width = this.#element.querySelector<HTMLElement>(".plot")?.clientWidth ?? 600;
    const points = Math.max(60, (width - AXIS_PIXELS) / PIXELS_PER_POINT);
    this.#step = stepFor(this.#range.to - this.#range.from, points, this.#interval);
    return range === undefined ? ["", asked.slice(1, 81)] : [asked];
  }

  #onSight(entries: IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const chart = this.#charts.get(target)!;
      if (!isIntersecting) this.#visible.delete(chart);
      else {
        this.#visible.add(chart);
        this.#load(chart);
      }
    }
  }

  /** Resolves to whether it went well; what did not is told to the reader. */
  #load(chart: Chart): Promise<boolean> {
    const loadedAt = this.#loadedAt.get(chart);
    const now = performance.now();
    const reload = loadedAt === undefined || (this.#range.live && now - loadedAt > RELOAD_MS);
    if (reload) this.#loadedAt.set(chart, now);
    const { signal } = this.#abort;
    const work = reload ? chart.load(this.#range, this.#step, signal) : chart.advance(this.#range, signal);
    return work.then(
      () => {
        showLost(false);
        return true;
      },
      (error: unknown) => {
        if (!signal.aborted) {
          this.#loadedAt.delete(chart);
          this.#explain(error);
        }
        return false;
      },
    );
  }

  #explain(error: unknown): void {
    if (error instanceof LoggedOut) this.#logIn();
    else if (!(error instanceof QueryFailed)) showLost(true);
  }

  #logIn(): void {
    const next = location.pathname + location.search;
    location.assign(`${this.#element.dataset.login}?${new URLSearchParams({ next, ended: "1" })}`);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#range.live) return;
    const pause = Math.min(SLOWEST_REFRESH_MS, Math.max(this.#step, this.#interval));
    this.#timer = setTimeout(() => {
      if (!document.hidden) {
        this.#range = rangeOf(location.search, Date.now()) ?? this.#range;
        for (const chart of this.#visible) this.#load(chart);
      }
      this.#schedule();
    }, pause);
  }
}

/** Soon, but after what the browser has to do; Safari has no idle callbacks. */
function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 2000 });
  else setTimeout(work, 200);
}

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
  #range: TimeRange = rangeOf(location.search, Date.now());
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
    this.#setRange();
    this.#bar.show(this.#range, location.search);
    for (const chart of this.#visible) this.#load(chart);
    this.#schedule();
  }

  #setRange(): void {
    this.#range = rangeOf(location.search, Date.now());
    const width = this.#element.querySelector<HTMLElement>(".plot")?.clientWidth ?? 600;
    const points = Math.max(60, (width - AXIS_PIXELS) / PIXELS_PER_POINT);
    this.#step = stepFor(this.#range.to - this.#range.from, points, this.#interval);
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

  #load(chart: Chart): void {
    const loadedAt = this.#loadedAt.get(chart);
    const now = performance.now();
    const reload = loadedAt === undefined || (this.#range.live && now - loadedAt > RELOAD_MS);
    if (reload) this.#loadedAt.set(chart, now);
    const { signal } = this.#abort;
    const work = reload ? chart.load(this.#range, this.#step, signal) : chart.advance(this.#range, signal);
    work.then(
      () => showLost(false),
      (error: unknown) => {
        if (signal.aborted) return;
        this.#loadedAt.delete(chart);
        this.#explain(error);
      },
    );
  }

  #explain(error: unknown): void {
    if (error instanceof LoggedOut) location.reload();
    else if (!(error instanceof QueryFailed)) showLost(true);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#range.live) return;
    const pause = Math.min(SLOWEST_REFRESH_MS, Math.max(this.#step, this.#interval));
    this.#timer = setTimeout(() => {
      if (!document.hidden) {
        this.#range = rangeOf(location.search, Date.now());
        for (const chart of this.#visible) this.#load(chart);
      }
      this.#schedule();
    }, pause);
  }
}

import { formatValue } from "../../views/format.ts";
import { type ChartDefinition, type ChartQuery, PRESENCE } from "./definitions.ts";
import { expressionFor, legendFor } from "./expression.ts";
import { Grid } from "./grid.ts";
import { Legend } from "./legend.ts";
import { SERIES_COLOURS } from "./palette.ts";
import { Plot, type PlotEvents, type Trace } from "./plot.ts";
import { QueryFailed, queryRange, type RangeSeries } from "./query.ts";
import type { TimeRange } from "./range.ts";

interface ChartSource {
  readonly url: string;
  readonly instance: string;
  /** Milliseconds between two readings of the node. */
  readonly interval: number;
}

/** One card: asks for its series, draws them, keeps its legend. */
export class Chart {
  readonly #definition: ChartDefinition;
  readonly #source: ChartSource;
  readonly #card: HTMLElement;
  readonly #message: HTMLElement;
  readonly #note: HTMLElement;
  readonly #plot: Plot;
  readonly #legend: Legend;
  readonly #hidden = new Set<string>();
  /** Which query each series came from. */
  readonly #queryOf = new Map<string, ChartQuery>();
  #grid: Grid | undefined;
  #range: TimeRange | undefined;
  #cursor: number | null = null;
  /** What is said when there is nothing to draw. */
  #emptyText = NO_DATA;

  constructor(
    card: HTMLElement,
    definition: ChartDefinition,
    source: ChartSource,
    events: Omit<PlotEvents, "onCursor">,
  ) {
    this.#card = card;
    this.#definition = definition;
    this.#source = source;
    this.#message = card.querySelector(".plot-message")!;
    this.#note = card.querySelector(".chart-note")!;
    this.#plot = new Plot(card.querySelector(".plot")!, definition, {
      ...events,
      onCursor: (index) => {
        this.#cursor = index;
        this.#legend.point(index);
        this.#sayTotal();
      },
    });
    this.#legend = new Legend(card, definition.unit, (key, alone) => this.#toggle(key, alone));
  }

  /** Fetches the whole range and shows it. Until the answer is there, what was shown stays. */
  async load(range: TimeRange, step: number, signal: AbortSignal): Promise<void> {
    this.#card.setAttribute("aria-busy", "true");
    const grid = new Grid(range.from, range.to, step);
    await this.#fill(grid, grid.start, signal);
    this.#grid = grid;
    this.#range = range;
    this.#show();
  }

  /** Moves on to a range that ends later: fetches only what is new and what may have changed since. */
  async advance(range: TimeRange, signal: AbortSignal): Promise<void> {
    const grid = this.#grid;
    if (grid === undefined) return;
    const settled = grid.end - grid.step - 2 * this.#source.interval;
    await this.#fill(grid, Math.floor(settled / grid.step) * grid.step, signal, range.to);
    this.#range = range;
    this.#show();
  }

  recolour(): void {
    this.#plot.recolour();
  }

  /** Fills `grid` from `start` on; with `to`, moves it there first. The grid changes only after all answers came. */
  async #fill(grid: Grid, start: number, signal: AbortSignal, to?: number): Promise<void> {
    const end = to === undefined ? grid.end : Math.floor(to / grid.step) * grid.step;
    const from = Math.max(start, to === undefined ? grid.start : end - (grid.length - 1) * grid.step);
    try {
      const answers = await Promise.all(
        this.#definition.queries.map((query) =>
          this.#ask(query.expression, { start: from, end, step: grid.step }, signal),
        ),
      );
      grid.slideTo(end);
      grid.clearFrom(from);
      for (const [i, query] of this.#definition.queries.entries()) {
        for (const series of answers[i]!) {
          const key = legendFor(query.legend, series.metric, query.words);
          this.#queryOf.set(key, query);
          grid.merge(key, series, query.mirrored ? -1 : 1);
        }
      }
      if (grid.columns.size === 0) this.#emptyText = await this.#whyEmpty(grid, signal);
    } catch (error) {
      if (error instanceof QueryFailed) this.#fail(`This chart could not be loaded: ${error.message}`);
      throw error;
    }
  }

  #ask(
    expression: string,
    span: { start: number; end: number; step: number },
    signal: AbortSignal,
  ): Promise<RangeSeries[]> {
    const { interval, instance, url } = this.#source;
    return queryRange(url, expressionFor(expression, instance, interval, span.step), span, signal);
  }

  /** A node says nothing about its disks while it says nothing at all: that it has none is said only of one that spoke. */
  async #whyEmpty(grid: Grid, signal: AbortSignal): Promise<string> {
    const { empty } = this.#definition;
    if (empty === undefined) return NO_DATA;
    const span = { start: grid.start, end: grid.end, step: grid.step };
    return (await this.#ask(PRESENCE, span, signal)).length > 0 ? empty : NO_DATA;
  }

  #show(): void {
    const grid = this.#grid!;
    const range = this.#range!;
    const times = grid.times();
    const traces = this.#traces(grid);
    const empty = traces.length === 0;
    this.#card.setAttribute("aria-busy", "false");
    this.#card.dataset.state = empty ? "empty" : "ready";
    this.#message.textContent = empty ? this.#emptyText : "";
    if (empty) this.#plot.clear();
    else this.#plot.draw(times, traces, [range.from / 1000, range.to / 1000]);
    this.#legend.show(times, traces, empty ? null : this.#cursor);
    this.#sayTotal();
  }

  /** Beside the title: the sum of what is shown, under the cursor or last. */
  #sayTotal(): void {
    const columns = [...(this.#grid?.columns ?? [])].filter(([key]) => !this.#hidden.has(key));
    if (!this.#definition.total || columns.length === 0) return;
    const index = this.#cursor ?? columns[0]![1].findLastIndex((value) => value !== null);
    const sum = columns.reduce((total, [, values]) => total + (values[index] ?? 0), 0);
    this.#note.textContent = formatValue(index < 0 ? null : sum, this.#definition.unit);
  }

  #fail(message: string): void {
    this.#card.setAttribute("aria-busy", "false");
    this.#card.dataset.state = "error";
    this.#message.textContent = message;
  }

  #traces(grid: Grid): Trace[] {
    let colour = 0;
    return [...grid.columns]
      .map(([key, values]) => ({ key, values, query: this.#queryOf.get(key)! }))
      .sort(
        (a, b) => this.#rank(a.key, a.query) - this.#rank(b.key, b.query) || COLLATOR.compare(a.key, b.key),
      )
      .map(({ key, values, query }) => ({
        key,
        values,
        colour: query.faint ? -1 : colour++ % SERIES_COLOURS,
        stacked: this.#definition.form === "stacked",
        mirrored: query.mirrored ?? false,
        shown: !this.#hidden.has(key),
      }));
  }

  /** In a stack the queries' order counts, from the bottom; lines go by name, so that in and out stand together. */
  #rank(key: string, query: ChartQuery): number {
    const place = query.order?.indexOf(key) ?? -1;
    const stack = this.#definition.form === "stacked" ? this.#definition.queries.indexOf(query) * 1000 : 0;
    return stack + (place >= 0 ? place : 999);
  }

  #toggle(key: string, alone: boolean): void {
    const keys = [...this.#grid!.columns.keys()];
    if (alone) {
      const isAlone = keys.every((other) => this.#hidden.has(other) === (other !== key));
      this.#hidden.clear();
      if (!isAlone) for (const other of keys) if (other !== key) this.#hidden.add(other);
    } else if (!this.#hidden.delete(key)) this.#hidden.add(key);
    this.#show();
  }
}

const NO_DATA = "No data in this span.";
const COLLATOR = new Intl.Collator("en", { numeric: true });

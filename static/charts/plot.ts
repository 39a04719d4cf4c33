import uPlot from "uplot";
import { increments, MIRRORED_SPACE, timeTicks, valueSpan, valueTick } from "./axes.ts";
import type { ChartDefinition } from "./definitions.ts";
import type { Column } from "./grid.ts";
import { type Palette, readPalette, translucent } from "./palette.ts";

/** One series as it is drawn. */
export interface Trace {
  readonly key: string;
  /** Which of the palette's colours; -1 for the faint one. */
  readonly colour: number;
  readonly stacked: boolean;
  /** Its values carry a minus that only the drawing needs. */
  readonly mirrored: boolean;
  readonly shown: boolean;
  readonly values: Column;
}

export interface PlotEvents {
  /** The index of the step under the cursor, here or in another chart; null when it is nowhere. */
  onCursor(index: number | null): void;
  /** A span was dragged over. Milliseconds. */
  onZoom(from: number, to: number): void;
  onZoomOut(): void;
}

/** Charts of one page share the cursor. */
const CURSOR = "time";
const HEIGHT = 208;
const AXIS_WIDTH = 68;
const SHORTEST_DRAG_PX = 6;

/** The canvas of one chart. Rebuilt when its series change, otherwise only fed. */
export class Plot {
  readonly #element: HTMLElement;
  readonly #definition: ChartDefinition;
  readonly #events: PlotEvents;
  #palette: Palette = readPalette();
  #uplot: uPlot | undefined;
  #signature = "";
  #span: [from: number, to: number] = [0, 1];

  constructor(element: HTMLElement, definition: ChartDefinition, events: PlotEvents) {
    this.#element = element;
    this.#definition = definition;
    this.#events = events;
    element.addEventListener("keydown", (event) => this.#moveCursor(event));
    element.addEventListener("dblclick", () => this.#events.onZoomOut());
    new ResizeObserver(() => this.#fit()).observe(element);
  }

  /** @param times seconds. @param span what the time axis shows, in seconds. */
  draw(times: number[], traces: readonly Trace[], span: [from: number, to: number]): void {
    this.#span = span;
    const data = [times, ...drawnValues(traces)] as uPlot.AlignedData;
    const signature = JSON.stringify(traces.map(({ key, shown, colour }) => [key, shown, colour]));
    if (this.#uplot === undefined || signature !== this.#signature) {
      this.#signature = signature;
      this.#rebuild(data, traces);
      return;
    }
    const plot = this.#uplot;
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", { min: span[0], max: span[1] });
    });
  }

  clear(): void {
    this.#uplot?.destroy();
    this.#uplot = undefined;
    this.#signature = "";
  }

  /** Draws anew with the colours of the theme. */
  recolour(): void {
    this.#palette = readPalette();
    this.#uplot?.redraw(false, true);
  }

  #rebuild(data: uPlot.AlignedData, traces: readonly Trace[]): void {
    this.#uplot?.destroy();
    this.#uplot = new uPlot(this.#options(traces), data, this.#element);
  }

  #options(traces: readonly Trace[]): uPlot.Options {
    const { halves, unit } = this.#definition;
    const axis = {
      stroke: () => this.#palette.text,
      font: "11px system-ui, sans-serif",
      grid: { stroke: () => this.#palette.grid, width: 1 },
      ticks: { show: false },
    };
    return {
      width: Math.max(160, this.#element.clientWidth),
      height: HEIGHT,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: SHORTEST_DRAG_PX },
        sync: {
          key: CURSOR,
          setSeries: false,
          scales: ["x", null],
          filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
        },
        bind: { dblclick: () => null },
        points: { size: 7, width: 1.5 },
      },
      scales: {
        x: { time: true, range: () => this.#span },
        y: { range: (_, min, max) => valueSpan(min, max, this.#definition) },
      },
      axes: [
        { ...axis, values: timeTicks, space: 64, size: 24, gap: 6 },
        {
          ...axis,
          size: AXIS_WIDTH,
          gap: 8,
          space: halves ? MIRRORED_SPACE : 36,
          ...(increments(unit) && { incrs: increments(unit)! }),
          values: (_, splits) => splits.map((value) => valueTick(halves ? Math.abs(value) : value, unit)),
        },
      ],
      series: [{}, ...traces.map((trace) => this.#series(trace, traces.length))],
      bands: bandsOf(traces),
      hooks: {
        setCursor: [(plot) => this.#events.onCursor(plot.cursor.idx ?? null)],
        setSelect: [(plot) => this.#select(plot)],
        ...(halves && { draw: [(plot: uPlot) => this.#nameHalves(plot, halves)] }),
      },
    };
  }

  #series({ colour, key, stacked, shown }: Trace, count: number): uPlot.Series {
    const ink = () => (colour < 0 ? this.#palette.faint : this.#palette.series[colour]!);
    const fillAlpha = stacked ? 0.55 : count <= 2 ? 0.12 : 0;
    return {
      label: key,
      show: shown,
      stroke: ink,
      width: stacked ? 1 : 1.5,
      ...(fillAlpha > 0 && { fill: () => translucent(ink(), fillAlpha) }),
      points: { show: false, filter: lonely, size: 4 },
    };
  }

  /** Writes into the upper and the lower left corner, where the past is, which direction is drawn there. */
  #nameHalves({ bbox, ctx }: uPlot, [above, below]: readonly [string, string]): void {
    const gap = 5 * devicePixelRatio;
    const left = bbox.left + gap;
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.fillStyle = this.#palette.text;
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    ctx.fillText(`${above} ↑`, left, bbox.top + gap);
    ctx.textBaseline = "bottom";
    ctx.fillText(`${below} ↓`, left, bbox.top + bbox.height - gap);
    ctx.restore();
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < SHORTEST_DRAG_PX) return;
    const from = plot.posToVal(left, "x") * 1000;
    const to = plot.posToVal(left + width, "x") * 1000;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#events.onZoom(from, to);
  }

  #moveCursor(event: KeyboardEvent): void {
    const plot = this.#uplot;
    const direction = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (plot === undefined || direction === 0) return;
    event.preventDefault();
    const times = plot.data[0];
    const index = Math.min(times.length - 1, Math.max(0, (plot.cursor.idx ?? times.length - 1) + direction));
    const area = plot.over.getBoundingClientRect();
    // As the mouse would: that way the other charts follow.
    const clientX = area.left + plot.valToPos(times[index]!, "x");
    plot.over.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY: area.top + area.height / 2 }));
  }

  #fit(): void {
    const width = Math.max(160, this.#element.clientWidth);
    if (this.#uplot !== undefined && this.#uplot.width !== width)
      this.#uplot.setSize({ width, height: HEIGHT });
  }
}

/** A value without neighbours makes no line, so it is drawn as a point. */
function lonely(plot: uPlot, series: number): number[] {
  const values = plot.data[series]!;
  const found: number[] = [];
  for (let i = 0; i < values.length; i++)
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  return found;
}

/** Stacked traces are drawn as running sums of those below that are shown. */
function drawnValues(traces: readonly Trace[]): Column[] {
  let below: Column | undefined;
  return traces.map(({ values, stacked, shown }) => {
    if (!stacked || !shown) return values;
    const base = below;
    const sums = base === undefined ? values : values.map((value, i) => add(value, base[i] ?? null));
    below = sums;
    return sums;
  });
}

function add(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}

/** Each stacked trace fills down to the shown one below it. */
function bandsOf(traces: readonly Trace[]): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let below = 0;
  for (const [i, { stacked, shown }] of traces.entries()) {
    if (!stacked || !shown) continue;
    if (below > 0) bands.push({ series: [i + 1, below] });
    below = i + 1;
  }
  return bands;
}

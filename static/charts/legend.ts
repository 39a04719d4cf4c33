import { formatValue, type Unit } from "../../views/format.ts";
import { formatClock } from "./axes.ts";
import type { Trace } from "./plot.ts";

interface Row {
  readonly row: HTMLTableRowElement;
  readonly toggle: HTMLButtonElement;
  readonly cells: readonly [last: HTMLTableCellElement, min: HTMLTableCellElement, max: HTMLTableCellElement];
}

/** The table below a chart: names, figures, and what is shown. It also says in words what the canvas draws. */
export class Legend {
  readonly #body: HTMLElement;
  readonly #lastHead: HTMLElement;
  readonly #unit: Unit;
  readonly #onToggle: (key: string, alone: boolean) => void;
  readonly #rows = new Map<string, Row>();
  #traces: readonly Trace[] = [];
  #times: readonly number[] = [];

  constructor(element: HTMLElement, unit: Unit, onToggle: (key: string, alone: boolean) => void) {
    this.#body = element.querySelector("tbody")!;
    this.#lastHead = element.querySelector("[data-last]")!;
    this.#unit = unit;
    this.#onToggle = onToggle;
  }

  show(times: readonly number[], traces: readonly Trace[], cursor: number | null): void {
    this.#times = times;
    this.#traces = traces;
    const keys = new Set(traces.map(({ key }) => key));
    for (const [key, { row }] of this.#rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    for (const [place, trace] of traces.entries()) {
      const row = this.#rowOf(trace.key);
      row.toggle.setAttribute("aria-pressed", String(trace.shown));
      row.toggle.className = `legend-key ${trace.colour < 0 ? "series-faint" : `series-${trace.colour + 1}`}`;
      if (this.#body.children[place] !== row.row)
        this.#body.insertBefore(row.row, this.#body.children[place] ?? null);
      const { min, max } = extremes(trace.values, trace.mirrored);
      setText(row.cells[1], formatValue(min, this.#unit));
      setText(row.cells[2], formatValue(max, this.#unit));
    }
    this.point(cursor);
  }

  /** Shows the values at one step, or the last ones. */
  point(cursor: number | null): void {
    const time = cursor === null ? undefined : this.#times[cursor];
    setText(this.#lastHead, time === undefined ? "Last" : formatClock(new Date(time * 1000), true));
    for (const { key, values, mirrored } of this.#traces) {
      const value = (time === undefined ? lastOf(values) : values[cursor!]) ?? null;
      setText(
        this.#rows.get(key)!.cells[0],
        formatValue(mirrored && value !== null ? -value : value, this.#unit),
      );
    }
  }

  #rowOf(key: string): Row {
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    const toggle = document.createElement("button");
    toggle.type = "button";
    toggle.title = `${key} (click: show or hide; with Ctrl or ⌘: only this one)`;
    const name = document.createElement("span");
    name.textContent = key;
    toggle.append(name);
    toggle.addEventListener("click", (event) => this.#onToggle(key, event.ctrlKey || event.metaKey));
    head.append(toggle);
    const cells = [0, 1, 2].map(() => {
      const cell = document.createElement("td");
      cell.className = "figure";
      return cell;
    }) as [HTMLTableCellElement, HTMLTableCellElement, HTMLTableCellElement];
    row.append(head, ...cells);
    const made = { row, toggle, cells };
    this.#rows.set(key, made);
    return made;
  }
}

function extremes(
  values: readonly (number | null)[],
  mirrored: boolean,
): { min: number | null; max: number | null } {
  let min: number | null = null;
  let max: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    const size = mirrored ? -value : value;
    if (min === null || size < min) min = size;
    if (max === null || size > max) max = size;
  }
  return { min, max };
}

function lastOf(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

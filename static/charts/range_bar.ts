import { formatClock, formatDate, formatDay } from "./axes.ts";
import { LiveState } from "./live_state.ts";
import { DEFAULT_FROM, fixedRange, type TimeRange } from "./range.ts";

type Direction = "back" | "forward" | "out";

/** The row of controls that choose the span of time. It only writes the URL; the page reads it from there. */
export class RangeBar {
  readonly #element: HTMLElement;
  readonly #liveState: LiveState;
  readonly #go: (search: string) => void;
  #range: TimeRange = { from: 0, to: 0, live: true };

  constructor(element: HTMLElement, go: (search: string) => void) {
    this.#element = element;
    this.#liveState = new LiveState(element.querySelector("#live-state")!);
    this.#go = go;
    for (const link of element.querySelectorAll<HTMLAnchorElement>("[data-range]"))
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(`?from=${link.dataset.range}`);
      });
    for (const button of element.querySelectorAll<HTMLElement>("[data-move]"))
      button.addEventListener("click", () => this.move(button.dataset.move as Direction));
    this.#bindCustom();
  }

  /** @param unreadable what the URL asked for, when that is no range of time. */
  show(range: TimeRange, search: string, unreadable?: string): void {
    const notice = this.#element.querySelector<HTMLElement>("#range-notice")!;
    notice.hidden = unreadable === undefined;
    notice.textContent = `Cannot read “${unreadable ?? ""}” as a span of time. These are the last 15 minutes.`;
    this.#range = range;
    const parameters = new URLSearchParams(search);
    const preset = parameters.has("to") ? undefined : (parameters.get("from") ?? DEFAULT_FROM);
    for (const link of this.#element.querySelectorAll<HTMLElement>("[data-range]")) {
      if (link.dataset.range === preset) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.#liveState.show(range.live);
    this.#element.querySelector("#range-text")!.textContent = range.live ? "Custom" : inWords(range);
    this.#element.querySelector<HTMLButtonElement>('[data-move="forward"]')!.disabled = range.live;
    this.#fillCustom(range);
  }

  /** Half a span earlier or later, or twice the span. What would reach beyond now ends now. */
  move(direction: Direction): void {
    const { from, to } = this.#range;
    const now = Date.now();
    const span = to - from;
    const shift = direction === "back" ? -span / 2 : direction === "forward" ? span / 2 : 0;
    const wider = direction === "out" ? span / 2 : 0;
    const end = Math.min(now, to + shift + wider);
    const start = Math.min(from + shift - wider, end - span);
    this.#go(
      end >= now - 1000 && direction !== "back"
        ? `?from=-${Math.ceil((end - start) / 1000)}s`
        : fixedRange(start, end),
    );
  }

  #bindCustom(): void {
    const details = this.#element.querySelector("details")!;
    const form = this.#element.querySelector<HTMLFormElement>("#custom-range")!;
    const problem = this.#element.querySelector<HTMLElement>("#custom-range-error")!;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [from, to] = ["from", "to"].map((name) => Date.parse(input(form, name).value)) as [
        number,
        number,
      ];
      problem.hidden = to - from >= 10_000;
      problem.textContent = "The end must come at least ten seconds after the start.";
      if (!problem.hidden) return;
      details.open = false;
      this.#go(fixedRange(from, to));
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !details.open) return;
      details.open = false;
      details.querySelector("summary")!.focus();
    });
    document.addEventListener("click", (event) => {
      if (details.open && !details.contains(event.target as Node)) details.open = false;
    });
  }

  #fillCustom({ from, to }: TimeRange): void {
    const form = this.#element.querySelector<HTMLFormElement>("#custom-range")!;
    if (form.contains(document.activeElement)) return;
    input(form, "from").value = localDateTime(from);
    input(form, "to").value = localDateTime(to);
  }
}

function input(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

/** As `<input type="datetime-local">` wants it: this browser's time zone, no offset. */
function localDateTime(time: number): string {
  const offset = new Date(time).getTimezoneOffset() * 60_000;
  return new Date(time - offset).toISOString().slice(0, 19);
}

function inWords({ from, to }: TimeRange): string {
  const start = new Date(from);
  const end = new Date(to);
  const dayOf = start.getFullYear() === new Date().getFullYear() ? formatDay : formatDate;
  const seconds = to - from < 600_000;
  const sameDay = start.toDateString() === end.toDateString();
  const endText = sameDay ? formatClock(end, seconds) : `${dayOf(end)} ${formatClock(end, false)}`;
  return `${dayOf(start)} ${formatClock(start, seconds && sameDay)} – ${endText}`;
}

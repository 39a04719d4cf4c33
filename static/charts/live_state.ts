import { CONNECTION_CHANGED, isLost } from "../connection.ts";

/** The word beside the range: whether the charts move, and if not, why. */
export class LiveState {
  readonly #element: HTMLElement;
  #live = true;

  constructor(element: HTMLElement) {
    this.#element = element;
    document.addEventListener(CONNECTION_CHANGED, () => this.#say());
    // The head of the page may have come with another status.
    document.addEventListener("htmx:after:swap", () => this.#say());
  }

  /** @param live the range ends now. */
  show(live: boolean): void {
    this.#live = live;
    this.#say();
  }

  #say(): void {
    const down = document.querySelector("[data-status=down]") !== null;
    const moves = this.#live && !isLost() && !down;
    const word = !this.#live ? "Paused" : isLost() ? "Not connected" : down ? "Waiting for data" : "Live";
    if (this.#element.textContent !== word) this.#element.textContent = word;
    this.#element.classList.toggle("on", moves);
  }
}

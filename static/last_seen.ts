import { formatAgo } from "../views/format.ts";
import { CONNECTION_CHANGED, isLost } from "./connection.ts";

/**
 * While the server does not answer, nobody knows how the nodes are: their status is greyed (by the style sheet) and,
 * on the page of one node, replaced; "last seen" grows older. An answer brings back what the server says.
 */
export function ageWhileLost(): void {
  let shownAt = performance.now();
  document.addEventListener("htmx:after:swap", () => {
    shownAt = performance.now();
  });
  document.addEventListener(CONNECTION_CHANGED, () => {
    if (isLost()) disown();
  });
  setInterval(() => {
    if (isLost()) for (const time of lastSeenTimes()) age(time, (performance.now() - shownAt) / 1000);
  }, 1000);
}

function disown(): void {
  const word = document.querySelector("#client-head .status-word");
  if (word !== null) word.textContent = "Not connected";
}

function lastSeenTimes(): NodeListOf<HTMLElement> {
  return document.querySelectorAll<HTMLElement>("time[data-age]");
}

/** `data-age` is how many seconds ago it was when the server said so: the clock of this machine does not matter. */
function age(time: HTMLElement, more: number): void {
  time.textContent = formatAgo(Number(time.dataset.age) + more);
}

/** What htmx tells about a request. */
interface RequestDetail {
  ctx: { response?: { status: number }; sourceElement: Element };
}

/**
 * Shows the banner while the server does not answer what keeps the page current, and stops asking while nobody
 * looks at the page.
 */
export function watchConnection(): void {
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden && isRefresh(event)) event.preventDefault();
  });
  document.addEventListener("htmx:after:request", (event) => showLost(statusOf(event) >= 500));
  document.addEventListener("htmx:error", (event) => {
    if (isRefresh(event)) showLost(true);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refreshNow();
  });
}

/** Told on `document` after the server has stopped answering, or answers again. */
export const CONNECTION_CHANGED = "dcmon:connection";

export function isLost(): boolean {
  return document.documentElement.hasAttribute("data-lost");
}

/** What the page shows is disowned while the server does not answer, and asked for anew once it does. */
export function showLost(lost: boolean): void {
  const banner = document.getElementById("connection-lost");
  if (banner === null || lost === isLost()) return;
  banner.hidden = !lost;
  document.documentElement.toggleAttribute("data-lost", lost);
  document.dispatchEvent(new CustomEvent(CONNECTION_CHANGED));
  if (!lost) refreshNow();
}

function refreshNow(): void {
  for (const element of document.querySelectorAll("[data-refreshes]"))
    element.dispatchEvent(new CustomEvent("every"));
}

function isRefresh(event: Event): boolean {
  return (
    (event as CustomEvent<RequestDetail>).detail.ctx?.sourceElement?.hasAttribute("data-refreshes") ?? false
  );
}

function statusOf(event: Event): number {
  return (event as CustomEvent<RequestDetail>).detail.ctx?.response?.status ?? 0;
}

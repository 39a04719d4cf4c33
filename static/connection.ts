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
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-refreshes]"))
      element.dispatchEvent(new CustomEvent("every"));
  });
}

export function showLost(lost: boolean): void {
  const banner = document.getElementById("connection-lost");
  if (banner !== null) banner.hidden = !lost;
}

function isRefresh(event: Event): boolean {
  return (
    (event as CustomEvent<RequestDetail>).detail.ctx?.sourceElement?.hasAttribute("data-refreshes") ?? false
  );
}

function statusOf(event: Event): number {
  return (event as CustomEvent<RequestDetail>).detail.ctx?.response?.status ?? 0;
}

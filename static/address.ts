/**
 * Keeps the address bar at the view that is shown: a part that was swapped in says its page's URL. htmx's own
 * history is off, because it would take over the back button from pages whose charts have a history of their own.
 */
export function keepAddress(): void {
  document.addEventListener("htmx:after:swap", () => {
    const url = document.querySelector<HTMLElement>("[data-page-url]")?.dataset.pageUrl;
    if (url !== undefined && url !== location.pathname + location.search) history.replaceState(null, "", url);
  });
}

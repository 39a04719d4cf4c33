/** Told on `document` after the theme has changed, so that canvases can be drawn anew. */
export const THEME_CHANGED = "dcmon:theme";

export function bindThemeToggle(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
    const wanted = isDark(system) ? "light" : "dark";
    const follows = wanted === (system.matches ? "dark" : "light");
    // Back at what the system says, the page follows the system again.
    if (follows) {
      localStorage.removeItem("theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("theme", wanted);
      document.documentElement.dataset.theme = wanted;
    }
    announce();
  });
  system.addEventListener("change", announce);
}

function isDark(system: MediaQueryList): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? system.matches : theme === "dark";
}

function announce(): void {
  document.dispatchEvent(new CustomEvent(THEME_CHANGED));
}

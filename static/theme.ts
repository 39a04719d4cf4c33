/**
 * Runs before the first paint: applies the theme that was chosen here before, if any. Without a choice the page
 * follows the system.
 */
function applyChosenTheme(): void {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}

applyChosenTheme();

export {};

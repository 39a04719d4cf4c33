/** The number of series colours in css/tokens.css; further series begin again. */
export const SERIES_COLOURS = 10;

/** The colours that canvases are drawn with: read from the style sheet, so that both follow one theme. */
export interface Palette {
  readonly series: readonly string[];
  readonly faint: string;
  readonly text: string;
  readonly grid: string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    series: Array.from({ length: SERIES_COLOURS }, (_, i) => colour(`--series-${i + 1}`)),
    faint: colour("--series-faint"),
    text: colour("--text-muted"),
    grid: colour("--chart-grid"),
  };
}

/** @param colour `#rrggbb`. */
export function translucent(colour: string, alpha: number): string {
  const byte = Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0");
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour + byte : colour;
}

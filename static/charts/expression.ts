/** Fills a definition's placeholders. Window in milliseconds. */
export function expressionFor(template: string, instance: string, windowMs: number): string {
  return template
    .replaceAll("$node", () => `instance=${quoted(instance)}`)
    .replaceAll("$window", () => `${Math.ceil(windowMs / 1000)}s`);
}

/** The text of a legend for one series: `{{label}}` replaced, spaces collapsed. */
export function legendFor(
  template: string,
  labels: Readonly<Record<string, string>>,
  words: Readonly<Record<string, string>> = {},
): string {
  const text = template
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? "")
    .replace(/\s+/g, " ")
    .trim();
  return Object.hasOwn(words, text) ? words[text]! : text;
}

/** A PromQL string literal. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`))}"`;
}

/** Fills a definition's placeholders. Window in milliseconds. */
export function expressionFor(template: string, instance: string, windowMs: number): string {
  const window = `${Math.ceil(windowMs / 1000)}s`;
  // In one pass, so that a placeholder in an instance's name stays what it is.
  return template.replace(/\$(?:node|window)/g, (placeholder) =>
    placeholder === "$node" ? `instance=${quoted(instance)}` : window,
  );
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

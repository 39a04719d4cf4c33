/** Fills a definition's placeholders. Interval of the node's readings and step in milliseconds. */
export function expressionFor(template: string, instance: string, interval: number, step: number): string {
  const values: Readonly<Record<string, string>> = {
    $node: `instance=${quoted(instance)}`,
    $window: seconds(Math.max(4 * interval, step + interval)),
    $recent: seconds(Math.max(3 * interval, step)),
  };
  // In one pass, so that a placeholder in an instance's name stays what it is.
  return template.replace(/\$(?:node|window|recent)/g, (placeholder) => values[placeholder]!);
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)}s`;
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

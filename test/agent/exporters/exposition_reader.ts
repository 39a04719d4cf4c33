import { formatLabels, labelsOf, METRIC_NAME } from "../../../src/metrics/labels.ts";

export interface Exposition {
  /** `name{a="b",…}`, labels sorted and without empty ones, to value. */
  readonly values: ReadonlyMap<string, number>;
  /** Family to type. */
  readonly types: ReadonlyMap<string, string>;
}

/** Reads the text format as strictly as the tests need it: names, escapes, one value a line. */
export function readExposition(text: string): Exposition {
  const values = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type !== null) types.set(type[1]!, type[2]!);
    if (line.startsWith("#")) continue;
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    values.set(seriesOf(match[1]!, readLabels(match[2] ?? "")), Number(match[3]!.replace("Inf", "Infinity")));
  }
  return { values, types };
}

export function seriesOf(name: string, labels: Iterable<readonly [string, string]>): string {
  return formatLabels(labelsOf([...labels, [METRIC_NAME, name]]));
}

function readLabels(text: string): (readonly [string, string])[] {
  return [...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/gs)].map(
    ([, name, value]) =>
      [name!, value!.replace(/\\(.)/gs, (_, c: string) => (c === "n" ? "\n" : c))] as const,
  );
}

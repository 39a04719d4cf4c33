import { ConfigError, type ConfigSource, valueAt } from "./source.ts";

interface Timed {
  readonly interval: number;
  readonly timeout: number;
}

/**
 * A reading has to end before the next one begins: the default of `timeout` becomes the interval where that is shorter.
 * @throws ConfigError when a timeout that somebody set is longer than the interval.
 */
export function fitTimeouts<T extends Timed, A extends { readonly exporters: Readonly<Record<string, T>> }>(
  agent: A,
  sources: readonly ConfigSource[],
): A {
  const problems: string[] = [];
  const fitted = Object.entries(agent.exporters).map(([name, exporter]) => {
    const { interval, timeout } = exporter;
    if (timeout <= interval) return [name, exporter];
    const path = ["agent", "exporters", name, "timeout"];
    const source = sources.find(({ tree }) => valueAt(tree, path) !== undefined);
    if (source !== undefined)
      problems.push(
        `${source.where(path, "value")}: ${path.join(".")}: expected at most the interval, ${interval} s, got ${timeout}`,
      );
    return [name, { ...exporter, timeout: interval }];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...agent, exporters: Object.fromEntries(fitted) };
}

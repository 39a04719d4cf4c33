import { type ConfigSource, type Path, put } from "./source.ts";

/** One command line flag that sets one option. */
export interface Flag {
  /** As typed, such as `--log-level`. */
  readonly flag: string;
  readonly path: Path;
  readonly value: unknown;
}

export function readFlags(flags: readonly Flag[]): ConfigSource {
  const tree: Record<string, unknown> = {};
  for (const { path, value } of flags) put(tree, path, value);
  return {
    tree,
    where: (path) =>
      flags.find((flag) => flag.path.every((name, depth) => name === path[depth]))?.flag ?? "command line",
    problems: [],
  };
}

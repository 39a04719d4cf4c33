import type { Key } from "./keys.ts";
import { nearest } from "./nearest.ts";
import { type ConfigSource, put } from "./source.ts";

const PREFIX = "DCMON_";

/** `server.port` is DCMON_SERVER_PORT. */
export function environmentName(key: Key): string {
  return PREFIX + key.path.join("_").toUpperCase();
}

/**
 * The variables that start with DCMON_. All of them must be known: a misspelled one is refused.
 * Lists are separated by commas; labels are written `name=value,name=value`.
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  keys: readonly Key[],
): ConfigSource {
  const options = new Map(keys.filter((key) => !key.section).map((key) => [environmentName(key), key]));
  const tree: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    const key = options.get(name);
    if (key === undefined)
      problems.push(
        `${name}: unknown environment variable; nearest valid: ${nearest(name, [...options.keys()])}`,
      );
    else put(tree, key.path, read(text, key));
  }
  return {
    tree,
    where: (path) => PREFIX + path.slice(0, depthOf(path, keys)).join("_").toUpperCase(),
    problems,
  };
}

/** A text that does not fit stays text; the schema then refuses it and says what it expects. */
function read(text: string, key: Key): unknown {
  switch (key.type) {
    case "number":
      return /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "array":
      return text === "" ? [] : text.split(",").map((part) => part.trim());
    case "record":
      return text === "" ? {} : recordOf(text);
    default:
      return text;
  }
}

function recordOf(text: string): unknown {
  const pairs = text.split(",").map((part) => /^\s*([^=]*?)\s*=(.*)$/s.exec(part));
  if (pairs.some((pair) => pair === null)) return text;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}

/** A path into a list or into labels is longer than the option's own. */
function depthOf(path: readonly string[], keys: readonly Key[]): number {
  const inside = (key: Key) => !key.section && key.path.every((name, depth) => name === path[depth]);
  return keys.find(inside)?.path.length ?? path.length;
}

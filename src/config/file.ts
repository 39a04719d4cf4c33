import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { reasonOf } from "../lib/system_error.ts";
import type { Key } from "./keys.ts";
import { ConfigError, type ConfigSource, type Path, type Tree } from "./source.ts";

/**
 * Reads a YAML file. Its values are not yet checked against the schema.
 * @throws ConfigError when the file cannot be read, is not YAML, or is no mapping.
 */
export function readConfigFile(path: string, keys: readonly Key[]): ConfigSource {
  return parseConfig(path, readText(path), keys);
}

/** As {@link readConfigFile}, for text that is already there. `name` stands in front of positions. */
function parseConfig(name: string, text: string, keys: readonly Key[]): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const problems = [...document.errors, ...document.warnings].map(
    (error) => `${place(error.pos[0])}: ${explain(error)}`,
  );
  problems.push(...compoundKeys(document).map((offset) => `${place(offset)}: expected text as a key`));
  if (problems.length > 0) throw new ConfigError(problems);
  const root = document.contents;
  if (root !== null && !isMap(root) && !(isScalar(root) && root.value === null)) {
    throw new ConfigError([
      `${place(root.range?.[0] ?? 0)}: expected a mapping with the keys server and agent, got ${"items" in root ? "a list" : "plain text"}`,
    ]);
  }
  return {
    tree: withoutEmptyMappings(toTree(document, name), [], keys),
    where: (keys, part) => place(offsetOf(document, keys, part)),
    problems: [],
  };
}

function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new ConfigError([
      `${path}: cannot read this configuration file: ${reasonOf(cause)}; expected a YAML file`,
    ]);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([`${path}: expected UTF-8 text, got bytes that are not; save the file as UTF-8`]);
  }
}

function explain(error: YAMLError): string {
  switch (error.code) {
    case "DUPLICATE_KEY":
      return "this key is given a second time; expected each key once";
    case "TAB_AS_INDENT":
      return "expected spaces as indentation, got a tab";
    case "MULTIPLE_DOCS":
      return "expected one document, got a second one (---)";
    default:
      return `not valid YAML: ${error.message}`;
  }
}

function compoundKeys(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Pair(_, pair) {
      if (isNode(pair.key) && !isScalar(pair.key)) offsets.push(pair.key.range?.[0] ?? 0);
    },
  });
  return offsets;
}

function toTree(document: Document.Parsed, name: string): Tree {
  try {
    return (document.toJS() ?? {}) as Tree;
  } catch (cause) {
    throw new ConfigError([`${name}: not valid YAML: ${(cause as Error).message}`]);
  }
}

/** `server:` with nothing but comments below it is an empty section, and `labels:` has no labels. */
function withoutEmptyMappings(tree: Tree, parent: Path, keys: readonly Key[]): Tree {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(tree)) {
    const path = [...parent, name];
    if (value === null && keys.some((key) => isMapping(key) && isDeepStrictEqual(key.path, path))) continue;
    kept[name] = isTree(value) ? withoutEmptyMappings(value, path, keys) : value;
  }
  return kept;
}

function isMapping(key: Key): boolean {
  return key.section || key.type === "record";
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Offset of the value at `path`, or of its key; of the nearest parent where there is none. */
function offsetOf(document: Document.Parsed, path: Path, part: "key" | "value"): number {
  let node: unknown = document.contents;
  let key: unknown;
  for (const name of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === name);
      if (pair === undefined) break;
      key = pair.key;
      node = pair.value;
    } else {
      const item = document.getIn(path, true);
      if (isNode(item)) node = item;
      break;
    }
  }
  const at = part === "key" || !isNode(node) ? key : node;
  return (isNode(at) ? at.range?.[0] : undefined) ?? 0;
}

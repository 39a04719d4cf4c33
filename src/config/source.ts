import type { z } from "zod";
import { escapeControl } from "../lib/log.ts";
import type { Key } from "./keys.ts";
import { hintFor } from "./nearest.ts";

export type Path = readonly string[];
export type Tree = Readonly<Record<string, unknown>>;

/** One place that options come from. */
export interface ConfigSource {
  /** Raw values by key path. */
  readonly tree: Tree;
  /** Where the value (or the key itself) at `path` stands, such as `dcmon.yaml:3:5` or `DCMON_SERVER_PORT`. */
  where(path: Path, part: "key" | "value"): string;
  /** What is wrong before any schema is asked. */
  readonly problems: readonly string[];
}

/** The configuration was refused: each problem is one sentence, with its place in front. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** What the schema says against one source, with places. */
export function problemsOf(source: ConfigSource, schema: z.ZodType, keys: readonly Key[]): string[] {
  const issues = schema.safeParse(source.tree).error?.issues ?? [];
  return [...source.problems, ...issues.flatMap((issue) => describe(source, issue, keys))];
}

/** The values of several sources as one tree; earlier sources win, option by option. */
export function treeOf(sources: readonly ConfigSource[], keys: readonly Key[]): Tree {
  const tree: Record<string, unknown> = {};
  for (const key of keys) {
    if (key.section) continue;
    const source = sources.find((candidate) => valueAt(candidate.tree, key.path) !== undefined);
    if (source !== undefined) put(tree, key.path, valueAt(source.tree, key.path));
  }
  return tree;
}

/** Sets the value at `path`, making the sections on the way. */
export function put(tree: Record<string, unknown>, path: Path, value: unknown): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let section = tree;
  for (const name of path.slice(0, -1)) {
    section[name] ??= {};
    section = section[name] as Record<string, unknown>;
  }
  section[last] = value;
}

function describe(source: ConfigSource, issue: z.core.$ZodIssue, keys: readonly Key[]): string[] {
  const path = issue.path.map(String);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((name) => {
        const key = [...path, name];
        return `${source.where(key, "key")}: unknown key ${quote(key.join("."))}; ${hintFor(key, keys)}`;
      });
    case "invalid_key":
      return [
        `${source.where(path, "key")}: ${named(path.slice(0, -1))}expected ${issue.issues[0]?.message}, got ${quote(path.at(-1))}`,
      ];
    default:
      return [
        `${source.where(path, "value")}: ${named(path)}expected ${expected(issue, path)}, got ${got(source.tree, path, keys)}`,
      ];
  }
}

function expected(issue: z.core.$ZodIssue, path: Path): string {
  if (issue.code === "invalid_type" && issue.expected === "object")
    return path.length === 0 ? "a mapping with the keys server and agent" : "a mapping";
  return issue.message;
}

function named(path: Path): string {
  return path.length === 0 ? "" : `${escapeControl(path.join("."))}: `;
}

function got(tree: Tree, path: Path, keys: readonly Key[]): string {
  if (keys.some((key) => key.secret && key.path.join(".") === path.join("."))) return "something else";
  const value = valueAt(tree, path);
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return quote(value);
}

/** Text in quotes, shortened, harmless on a terminal; numbers and booleans as they are. */
function quote(value: unknown): string {
  if (typeof value !== "string") return String(value);
  return escapeControl(JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value));
}

export function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Tree)[name];
  }
  return value;
}

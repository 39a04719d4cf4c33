import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/**
 * The parts of dcmon and what each may import. Whatever is not listed is not allowed. `lib` may be imported by
 * all; a part may import itself; `cli` and `main.ts` join everything.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/lib": [],
  "src/metrics": [],
  "src/wire": ["src/metrics"],
  "src/pki": [],
  "src/config": ["src/metrics", "src/wire", "src/pki"],
  "src/promql": ["src/metrics"],
  "src/store": ["src/promql", "src/metrics", "src/wire"],
  "src/agent": ["src/wire", "src/metrics", "src/pki", "src/config"],
  "src/server": [
    "src/store",
    "src/promql",
    "src/metrics",
    "src/wire",
    "src/pki",
    "src/config",
    "views",
    "static",
  ],
  "src/cli": ["src/config", "src/agent", "src/server", "src/pki"],
  "src/main.ts": ["src/config", "src/cli"],
  // Pages and the scripts that run in them describe the same charts; both are the browser's side.
  views: ["src/server", "src/store", "src/metrics", "static"],
  static: ["views"],
};

/** What the agent's process must not load: it runs on every node, in few megabytes. */
const NOT_IN_AGENT =
  /^(?:hono|htmx\.org|uplot|@prometheus-io|@lezer|@peculiar|reflect-metadata|src\/(?:server|store|promql)|views|static)/;

const MAX_LINES = 350;
const ROOT = join(import.meta.dir, "..");

interface Import {
  /** `src/lib/log.ts`, or a package's name. */
  readonly target: string;
  /** `lazy` is loaded when it is called for: `import()`, or as a worker. */
  readonly kind: "value" | "type" | "lazy";
  /** What is taken by name; `*` for the whole module. */
  readonly names: readonly string[];
}

const files = [...new Bun.Glob("{src,views,static}/**/*.{ts,tsx}").scanSync(ROOT)]
  .filter((file) => !file.startsWith("static/dist/"))
  .sort();
const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));
const imports = new Map([...texts].map(([file, text]) => [file, importsOf(file, text)]));

test("imports go one way", () => {
  const wrong = [...imports].flatMap(([file, list]) =>
    list
      .filter(({ target }) => isOurs(target) && !mayImport(partOf(file), partOf(target)))
      .map(({ target }) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("imports, of types too, form no circle", () => {
  expect(circles()).toEqual([]);
});

test("every export is imported somewhere", () => {
  const tests = [...new Bun.Glob("test/**/*.{ts,tsx}").scanSync(ROOT)];
  const users = [
    ...imports.values(),
    ...tests.map((file) => importsOf(file, readFileSync(join(ROOT, file), "utf8"))),
  ];
  const used = new Set(users.flat().flatMap(({ target, names }) => names.map((name) => `${target} ${name}`)));
  const unused = [...texts].flatMap(([file, text]) =>
    used.has(`${file} *`)
      ? []
      : exportsOf(text)
          .map((name) => `${file} ${name}`)
          .filter((name) => !used.has(name)),
  );
  expect(unused).toEqual([]);
});

test("agent and server never import each other", () => {
  expect(mayImport("src/agent", "src/server")).toBe(false);
  expect(mayImport("src/server", "src/agent")).toBe(false);
});

test("views import types only, beside each other and their libraries", () => {
  const wrong = [...imports]
    .filter(([file]) => file.startsWith("views/"))
    .flatMap(([file, list]) =>
      list
        .filter(({ target, kind }) => target.startsWith("src/") && kind !== "type")
        .map(({ target }) => `${file} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test("the agent's process loads no server, no store, no query engine and no web framework", () => {
  const loaded = reachableFrom("src/cli/agent.ts");
  expect(loaded.size).toBeGreaterThan(10);
  expect([...loaded].filter((target) => NOT_IN_AGENT.test(target))).toEqual([]);
});

test("main.ts loads commands only when they are called", () => {
  const loaded = [...reachableFrom("src/main.ts")].filter((target) => target.startsWith("src/cli/"));
  expect(loaded).toEqual(["src/cli/options.ts"]);
});

test("only main.ts ends the process", () => {
  const others = [...texts].filter(([file, text]) => file !== "src/main.ts" && /process\.exit\b/.test(text));
  expect(others.map(([file]) => file)).toEqual([]);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = [...texts].filter(([, text]) => text.split("\n").length > MAX_LINES);
  expect(long.map(([file]) => file)).toEqual([]);
});

test("the import scan sees every form of import", () => {
  const text = `
    import a, { type B } from "../lib/log.ts";
    import type { C } from "./c.ts";
    import { type D, type E } from "./d.ts";
    export * from "./e.ts";
    import "./f.ts";
    const g = await import("./g.ts");
    const worker = new Worker(new URL("./h.ts", import.meta.url).href);
  `;
  expect(importsOf("src/agent/x.ts", text)).toEqual([
    { target: "src/lib/log.ts", kind: "value", names: ["default", "B"] },
    { target: "src/agent/c.ts", kind: "type", names: ["C"] },
    { target: "src/agent/d.ts", kind: "type", names: ["D", "E"] },
    { target: "src/agent/e.ts", kind: "value", names: ["*"] },
    { target: "src/agent/f.ts", kind: "value", names: [] },
    { target: "src/agent/g.ts", kind: "lazy", names: ["*"] },
    { target: "src/agent/h.ts", kind: "lazy", names: ["*"] },
  ]);
});

function importsOf(file: string, text: string): Import[] {
  const forms =
    /(?:import|export)\s+(?<clause>[^;"'()]*?)\s*from\s*["'](?<from>[^"']+)["']|import\s*["'](?<bare>[^"']+)["']|(?:import|new URL)\(\s*["'](?<lazy>[^"']+)["']\s*(?:\)|,\s*import\.meta\.url)/g;
  return [...text.matchAll(forms)].map(({ groups = {} }) => {
    const specifier = groups.from ?? groups.bare ?? groups.lazy ?? "";
    const target = specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
    const kind = groups.lazy !== undefined ? "lazy" : isTypesOnly(groups.clause ?? "") ? "type" : "value";
    return { target, kind, names: kind === "lazy" ? ["*"] : namesIn(groups.clause ?? "") };
  });
}

function isTypesOnly(clause: string): boolean {
  if (/^type\b/.test(clause)) return true;
  const names = bracedIn(clause);
  return clause.startsWith("{") && names.length > 0 && names.every((name) => /^type\s/.test(name));
}

/** `["default", "B"]` for `a, { type B as C }`. */
function namesIn(clause: string): string[] {
  if (clause.includes("*")) return ["*"];
  const byDefault = /^(?!type\b)\w/.test(clause) ? ["default"] : [];
  return [...byDefault, ...bracedIn(clause).map((name) => /^(?:type\s+)?(\w+)/.exec(name)?.[1] ?? "")];
}

function bracedIn(clause: string): string[] {
  const names = /\{(.*)\}$/s.exec(clause)?.[1]?.split(",") ?? [];
  return names.map((name) => name.trim()).filter((name) => name !== "");
}

/** Declarations with `export` before them: the only form in use. */
function exportsOf(text: string): string[] {
  const declarations =
    /^export (?:default )?(?:async )?(?:abstract )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm;
  return [...text.matchAll(declarations)].map(([, name]) => name!);
}

function reachableFrom(file: string): Set<string> {
  const reached = new Set<string>();
  const visit = (target: string): void => {
    if (reached.has(target)) return;
    reached.add(target);
    for (const imported of imports.get(target) ?? []) if (imported.kind === "value") visit(imported.target);
  };
  visit(file);
  return reached;
}

/** A circle for each import that closes one, as `a.ts → b.ts → a.ts`. */
function circles(): string[] {
  const found: string[] = [];
  const path: string[] = [];
  const done = new Set<string>();
  const visit = (file: string): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file)) return;
    done.add(file);
    path.push(file);
    for (const { target, kind } of imports.get(file) ?? []) if (kind !== "lazy") visit(target);
    path.pop();
  };
  for (const file of files) visit(file);
  return found;
}

function isOurs(target: string): boolean {
  return /^(?:src|views|static)\//.test(target);
}

/** `src/agent` for `src/agent/exporters/os.ts`; `src/config` for `src/config.ts` too. */
function partOf(file: string): string {
  if (file === "src/config.ts") return "src/config";
  const parts = file.split("/");
  return parts[0] === "src" ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

function mayImport(from: string, to: string): boolean {
  return from === to || to === "src/lib" || (MAY_IMPORT[from]?.includes(to) ?? false);
}

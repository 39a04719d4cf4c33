import { stringify } from "yaml";
import { environmentName } from "./environment.ts";
import type { Key } from "./keys.ts";

const WIDTH = 100;

/** The text of config.example.yaml: every option with its default, below its description. */
export function exampleConfig(keys: readonly Key[]): string {
  const blocks = keys.map((key) => {
    const indent = "  ".repeat(key.path.length - 1);
    const about = key.section ? key.description : `${key.description} Expected: ${key.expected}.`;
    const value = key.section ? "" : ` ${stringify(key.defaultValue).trim()}`;
    return `${wrap(about, `${indent}# `)}${indent}${key.path.at(-1)}:${value}\n`;
  });
  return `${HEADER}\n${blocks.join("\n")}`;
}

const HEADER = `# Every option of dcmon with its default. Keep only what you change.
# Use it with: dcmon all --config config.yaml
# Flags and environment variables (DCMON_SERVER_PORT for server.port) come before this file.
`;

/** The table of options in docs/configuration.md. */
export function referenceTable(keys: readonly Key[]): string {
  const rows = keys
    .filter((key) => !key.section)
    .map((key) => {
      const cells = [
        `\`${key.path.join(".")}\``,
        `\`${JSON.stringify(key.defaultValue)}\``,
        key.expected,
        key.description,
        `\`${environmentName(key)}\``,
      ];
      return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    });
  return [
    "| option | default | expected | meaning | environment |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function wrap(text: string, prefix: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && prefix.length + line.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${prefix}${line}\n`).join("");
}

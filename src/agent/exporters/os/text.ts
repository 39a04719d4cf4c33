import type { Sample } from "../exporter.ts";

type LabelPairs = Sample["labels"];

const NO_LABELS: LabelPairs = [];

export function sample(name: string, value: number, labels: LabelPairs = NO_LABELS): Sample {
  return { name, labels, value };
}

/** What a kernel file says is not what its format promises. */
export class Malformed extends Error {
  override readonly name = "Malformed";
  constructor(file: string, expected: string, got: string) {
    super(`Cannot parse ${file}: expected ${expected}, got ${JSON.stringify(got.slice(0, 80))}.`);
  }
}

/** The lines that are not blank, without their line feeds. */
export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** The words between spaces and tabs. */
export function wordsOf(line: string): string[] {
  return line.split(/[ \t]+/).filter((word) => word !== "");
}

/** A decimal number, integer or not. @throws Malformed */
export function numberOf(text: string | undefined, file: string, meaning: string): number {
  const value = Number(text || Number.NaN);
  if (!Number.isFinite(value)) throw new Malformed(file, `${meaning} as a number`, text ?? "nothing");
  return value;
}

/** An unprefixed hexadecimal number. @throws Malformed */
export function hexOf(text: string | undefined, file: string, meaning: string): number {
  const value = Number(`0x${text || "?"}`);
  if (!Number.isFinite(value)) throw new Malformed(file, `${meaning} in hexadecimal`, text ?? "nothing");
  return value;
}

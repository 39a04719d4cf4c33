import { formatLabels, type Labels, labelsKey, labelValue } from "../metrics/labels.ts";
import {
  type ArithmeticOperator,
  type Binary,
  type ComparisonOperator,
  isComparison,
  type Matching,
} from "./ast.ts";
import { executionError } from "./error.ts";
import { dropLabels, keepLabels, setLabel, withoutName } from "./labelset.ts";
import { arithmetic, comparison } from "./operators.ts";
import { anyPresent, bySignature, matchedLabels } from "./signature.ts";
import { type Column, type Context, emptyColumn, hasValues, mergeSameLabels } from "./value.ts";

/**
 * An arithmetic or comparison operator between two vectors. Series are paired by their matched labels; one side (the
 * right one, or with `group_right` the left one) has at most one series per match at each step.
 * @throws QueryError ("execution") when a step has more matches than the matching allows.
 */
export function matchVectors(
  node: Binary,
  op: ArithmeticOperator | ComparisonOperator,
  left: readonly Column[],
  right: readonly Column[],
  context: Context,
): Column[] {
  const { matching } = node;
  const steps = context.grid.count;
  const swapped = matching.many === "right";
  const [many, one] = swapped ? [right, left] : [left, right];
  const bothPresent = bothSides(anyPresent(many, steps), anyPresent(one, steps));
  const ones = bySignature(one, matching);
  for (const group of ones.values()) requireOne(group, bothPresent, matching, swapped ? "left" : "right");

  const combine = combination(op, node.bool, swapped);
  const results: Column[] = [];
  for (const [key, group] of bySignature(many, matching)) {
    const taken = new Matches(matching, steps);
    for (const partner of ones.get(key) ?? []) {
      for (const column of group) {
        context.budget.work(steps);
        const labels = resultLabels(node, op, column.labels, partner.labels);
        const result = emptyColumn(labels, context);
        taken.add(labels, column.present, partner.present);
        combine(column, partner, result);
        if (hasValues(result)) results.push(result);
      }
    }
  }
  return mergeSameLabels(results);
}

/** Guards that within one match no result is made twice at a step, before a comparison filters. */
class Matches {
  readonly #matching: Matching;
  readonly #steps: number;
  readonly #taken = new Map<string, Uint8Array>();

  constructor(matching: Matching, steps: number) {
    this.#matching = matching;
    this.#steps = steps;
  }

  add(labels: Labels, a: Uint8Array, b: Uint8Array): void {
    const key = this.#matching.many ? labelsKey(labels) : "";
    const taken = this.#taken.get(key);
    const now = taken ?? new Uint8Array(this.#steps);
    for (let i = 0; i < now.length; i++) {
      if ((a[i]! & b[i]!) === 0) continue;
      if (now[i] === 1)
        throw executionError(
          this.#matching.many
            ? "multiple matches for labels: grouping labels must ensure unique matches"
            : "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        );
      now[i] = 1;
    }
    if (!taken) this.#taken.set(key, now);
  }
}

function bothSides(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((present, i) => present & b[i]!);
}

/** At a step where either side is empty nothing is matched, so nothing is wrong. */
function requireOne(
  group: readonly Column[],
  bothPresent: Uint8Array,
  matching: Matching,
  side: "left" | "right",
): void {
  if (group.length < 2) return;
  for (let i = 0; i < bothPresent.length; i++) {
    if (bothPresent[i] === 0) continue;
    const [first, second] = group.filter((column) => column.present[i] === 1);
    if (!first || !second) continue;
    const labels = formatGroup(matchedLabels(matching)(first.labels));
    const pair = [formatGroup(first.labels), formatGroup(second.labels)].sort();
    throw executionError(
      `found duplicate series for the match group ${labels} on the ${side} hand-side of the operation: [${pair.join(", ")}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }
}

function formatGroup(labels: Labels): string {
  return formatLabels(labels) || "{}";
}

function combination(
  op: ArithmeticOperator | ComparisonOperator,
  bool: boolean,
  swapped: boolean,
): (many: Column, one: Column, result: Column) => void {
  if (!isComparison(op)) return calculation(arithmetic(op), swapped);
  const holds = comparison(op);
  return bool ? calculation((a, b) => (holds(a, b) ? 1 : 0), swapped) : filtering(holds, swapped);
}

function calculation(apply: (a: number, b: number) => number, swapped: boolean) {
  return (many: Column, one: Column, result: Column): void => {
    const [left, right] = swapped ? [one, many] : [many, one];
    for (let i = 0; i < result.values.length; i++) {
      if ((left.present[i]! & right.present[i]!) === 0) continue;
      result.values[i] = apply(left.values[i]!, right.values[i]!);
      result.present[i] = 1;
    }
  };
}

/** Keeps the left side's value. */
function filtering(holds: (a: number, b: number) => boolean, swapped: boolean) {
  return (many: Column, one: Column, result: Column): void => {
    const [left, right] = swapped ? [one, many] : [many, one];
    for (let i = 0; i < result.values.length; i++) {
      if ((left.present[i]! & right.present[i]!) === 0) continue;
      if (!holds(left.values[i]!, right.values[i]!)) continue;
      result.values[i] = left.values[i]!;
      result.present[i] = 1;
    }
  };
}

function resultLabels(
  node: Binary,
  op: ArithmeticOperator | ComparisonOperator,
  many: Labels,
  one: Labels,
): Labels {
  const { matching } = node;
  let labels = isComparison(op) && !node.bool ? many : withoutName(many);
  if (!matching.many) {
    const names = new Set(matching.labels);
    labels = matching.on ? keepLabels(labels, names) : dropLabels(labels, names);
  }
  for (const name of matching.include) labels = setLabel(labels, name, labelValue(one, name));
  return labels;
}

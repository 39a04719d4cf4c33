import type { At } from "./ast.ts";
import { parseDuration } from "./duration.ts";
import { parseError, type QueryError } from "./error.ts";
import { parseNumber, unquote } from "./literals.ts";
import { children, type QueryNode } from "./tree.ts";

/** Reads the small parts of a syntax tree: names, literals, durations. All throw QueryError ("bad_data", with position). */
export class TokenReader {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  labelNames(node: QueryNode): string[] {
    return children(node).map((name) => this.labelName(name));
  }

  labelName(node: QueryNode): string {
    if (node.name === "LabelName") return this.text(node);
    const name = this.string(children(node)[0] ?? node);
    if (name === "") throw this.error(node.from, 'invalid label name: ""');
    return name;
  }

  at(node: QueryNode): At {
    if (node.name === "AtModifierPreprocessors")
      return { kind: children(node)[0]?.name === "AtStart" ? "start" : "end" };
    const time = Math.round(this.number(node) * 1000);
    if (!Number.isSafeInteger(time))
      throw this.error(node.from, `timestamp out of bounds for @ modifier: ${this.text(node)}`);
    return { kind: "time", time };
  }

  /** Milliseconds, positive. */
  range(node: QueryNode): number {
    const range = this.duration(node);
    if (!(range > 0)) throw this.error(node.from, "duration must be greater than 0");
    return range;
  }

  /** Milliseconds, of either sign. */
  duration(node: QueryNode): number {
    const parts = children(node);
    if (node.name === "NumberDurationLiteralInDurationContext") {
      const text = this.text(node);
      const ms = parseDuration(text) ?? Math.round((parseNumber(text) ?? Number.NaN) * 1000);
      if (!Number.isSafeInteger(ms)) throw this.error(node.from, `duration out of range: ${text}`);
      return ms;
    }
    if (parts.length === 1) return this.duration(parts[0] as QueryNode);
    if (parts.length === 2 && parts[0]?.name === "UnaryOp") {
      const ms = this.duration(parts[1] as QueryNode);
      return this.text(parts[0]) === "-" ? -ms : ms;
    }
    throw this.error(
      node.from,
      "arithmetic with durations is not supported: write one duration such as 1h30m",
    );
  }

  number(node: QueryNode): number {
    const [, sign, digits] = /^([+-]?)\s*(.*)$/s.exec(this.text(node)) as unknown as [string, string, string];
    const value = parseNumber(digits);
    if (value === undefined) throw this.error(node.from, `error parsing number: ${digits}`);
    return sign === "-" ? -value : value;
  }

  string(node: QueryNode): string {
    const value = unquote(this.text(node));
    if (value === undefined) throw this.error(node.from, `error unquoting string ${this.text(node)}`);
    return value;
  }

  text(node: QueryNode): string {
    return this.#query.slice(node.from, node.to);
  }

  error(offset: number, message: string): QueryError {
    return parseError(this.#query, offset, message);
  }
}

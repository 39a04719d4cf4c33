/** Where an assertion such as `^` or `\b` looks: at what stands on its two sides. */
export type Assertion = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "wordBoundary" | "noWordBoundary";

/** A regular expression's parts. */
export type RegexNode =
  | { readonly kind: "character"; readonly accepts: (codePoint: number) => boolean }
  | { readonly kind: "assertion"; readonly assertion: Assertion }
  | { readonly kind: "sequence"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "alternatives"; readonly options: readonly RegexNode[] }
  | {
      readonly kind: "repetition";
      readonly node: RegexNode;
      readonly min: number;
      /** Infinity for `*` and `+`. */
      readonly max: number;
      readonly greedy: boolean;
    }
  /** `index` counts from 1. */
  | { readonly kind: "capture"; readonly node: RegexNode; readonly index: number };

export interface ParsedRegex {
  readonly node: RegexNode;
  readonly captures: number;
  readonly names: ReadonlyMap<string, number>;
}

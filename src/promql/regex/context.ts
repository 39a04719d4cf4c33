import type { Assertion } from "./syntax.ts";

/** What stands beside a position, as far as assertions care. */
export type Side = "edge" | "lineFeed" | "word" | "other";

export function sideOf(codePoint: number): Side {
  if (codePoint === 10) return "lineFeed";
  const isWord =
    (codePoint >= 48 && codePoint <= 57) ||
    (codePoint >= 65 && codePoint <= 90) ||
    codePoint === 95 ||
    (codePoint >= 97 && codePoint <= 122);
  return isWord ? "word" : "other";
}

export function holds(assertion: Assertion, before: Side, after: Side): boolean {
  switch (assertion) {
    case "textStart":
      return before === "edge";
    case "textEnd":
      return after === "edge";
    case "lineStart":
      return before === "edge" || before === "lineFeed";
    case "lineEnd":
      return after === "edge" || after === "lineFeed";
    case "wordBoundary":
      return (before === "word") !== (after === "word");
    case "noWordBoundary":
      return (before === "word") === (after === "word");
    default:
      return assertion satisfies never;
  }
}

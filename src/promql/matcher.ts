import { compileRegex, literalAlternatives } from "./regex.ts";
import type { Matcher } from "./source.ts";

/**
 * The test that a matcher puts to a label's value (`""` for a label that the series does not have).
 * @throws QueryError ("bad_data") when its regular expression is not valid.
 */
export function matcherTest(matcher: Matcher): (value: string) => boolean {
  switch (matcher.op) {
    case "=":
      return (value) => value === matcher.value;
    case "!=":
      return (value) => value !== matcher.value;
    case "=~":
      return regexTest(matcher.value);
    case "!~": {
      const matches = regexTest(matcher.value);
      return (value) => !matches(value);
    }
    default:
      return matcher.op satisfies never;
  }
}

function regexTest(pattern: string): (value: string) => boolean {
  const alternatives = literalAlternatives(pattern);
  if (alternatives) return (value) => alternatives.has(value);
  if (pattern === ".*") return () => true;
  if (pattern === ".+") return (value) => value !== "";
  const regex = compileRegex(pattern);
  return (value) => regex.test(value);
}

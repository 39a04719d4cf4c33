import { parseError } from "./error.ts";
import { parse } from "./parse.ts";
import type { Matcher } from "./source.ts";

/**
 * The matchers of one series selector, such as a `match[]` parameter.
 * @throws QueryError ("bad_data") when it is anything but an instant vector selector without modifiers.
 */
export function parseMatchers(selector: string): Matcher[] {
  const expr = parse(selector);
  if (expr.kind !== "vectorSelector" || expr.offset !== 0 || expr.at)
    throw parseError(selector, expr.from, 'expected a series selector such as up{job="node"}');
  return [...expr.matchers];
}

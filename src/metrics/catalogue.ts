import { DCMON_METRICS } from "./catalogue_dcmon.ts";
import { NODE_METRICS, NODE_PATTERNS } from "./catalogue_node.ts";
import type { MetricFamily, MetricPattern } from "./family.ts";

/** Type, unit and help of the metrics that dcmon produces, by name. */
export interface Catalogue {
  get(name: string): MetricFamily | undefined;
  /** The names that are not made by a pattern. */
  names(): Iterable<string>;
}

export function createCatalogue(
  families: Iterable<readonly [name: string, family: MetricFamily]>,
  patterns: readonly MetricPattern[],
): Catalogue {
  const byName = new Map(families);
  return {
    get(name) {
      const known = byName.get(name);
      if (known !== undefined) return known;
      for (const { pattern, describe } of patterns) {
        const match = pattern.exec(name);
        if (match !== null) return describe(match[1] ?? "");
      }
      return undefined;
    },
    names: () => byName.keys(),
  };
}

export const catalogue: Catalogue = createCatalogue([...NODE_METRICS, ...DCMON_METRICS], NODE_PATTERNS);

export interface MetricFamily {
  /** A counter only rises, or begins again at 0. */
  readonly type: "counter" | "gauge";
  /** Unit of the values; empty for counts, states and the like. */
  readonly unit: Unit;
  /** One sentence for people. */
  readonly help: string;
}

export type Unit =
  | ""
  | "bytes"
  | "seconds"
  | "celsius"
  | "volts"
  | "amperes"
  | "watts"
  | "watthours"
  | "amperehours"
  | "joules"
  | "hertz"
  | "rpm"
  | "ratio"
  | "percent"
  | "bits"
  | "pages";

/** For families whose names are made of what the kernel says. */
export interface MetricPattern {
  readonly pattern: RegExp;
  /** @param part the pattern's first group */
  describe(part: string): MetricFamily;
}

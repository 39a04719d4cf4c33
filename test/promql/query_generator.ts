import type { Random } from "./random.ts";
import { DATA_MS, DATA_START } from "./sample_data.ts";

/**
 * Random well-formed queries over the sample data, and now and then one that is not well typed.
 * Left out on purpose: what Prometheus 2.42 does not know or does otherwise (see KNOWN_DIFFERENCES in the test).
 */
export class QueryGenerator {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  query(): string {
    const kind = this.#random.next();
    if (kind < 0.03) return this.#illTyped();
    if (kind < 0.08) return this.#scalar(3);
    return this.#vector(3);
  }

  #vector(depth: number): string {
    const r = this.#random;
    if (depth === 0) return this.#leaf();
    return r.pick([
      () => this.#leaf(),
      () => this.#overRange(depth),
      () => this.#overRange(depth),
      () => this.#aggregation(depth),
      () => this.#aggregation(depth),
      () => this.#each(depth),
      () => this.#withScalar(depth),
      () => this.#matched(),
      () => this.#matched(),
      () => this.#set(depth),
      () => this.#special(depth),
    ])();
  }

  /** Names that share labels, for leaves. */
  #leaf(): string {
    const r = this.#random;
    return `${this.#selector()}${this.#modifiers(r.chance(0.2))}`;
  }

  #selector(): string {
    const r = this.#random;
    const name = r.pick([
      "requests_total",
      "errors_total",
      "temperature",
      "load",
      "state",
      "sparse",
      "node_info",
      "duration_seconds_bucket",
    ]);
    const matchers = [
      'instance="node-1"',
      'instance=~"node-[12]"',
      'instance!="node-3"',
      'instance!~"node-.*|late"',
      'job="api"',
      'job!=""',
      'job=~".*"',
      'code=~"2..|404"',
      'code!~"5.+"',
      'sensor="cpu"',
      'missing=""',
      'le=~"0.*"',
    ].filter(() => r.chance(0.08));
    if (r.chance(0.1)) return `{${[`__name__="${name}"`, ...matchers].join(",")}}`;
    if (r.chance(0.03)) return `{${['__name__=~"load|state"', ...matchers].join(",")}}`;
    return matchers.length > 0 ? `${name}{${matchers.join(",")}}` : name;
  }

  #modifiers(wanted: boolean): string {
    const r = this.#random;
    if (!wanted) return "";
    const seconds = DATA_START / 1000 + r.below(DATA_MS / 1000);
    return r.pick([
      ` offset ${r.pick(["30s", "5m", "1h", "-2m"])}`,
      ` @ ${seconds}.437`,
      " @ start()",
      ` offset 7m @ end()`,
    ]);
  }

  #range(): string {
    return this.#random.pick(["20s", "45s", "1m", "2m", "5m", "10m", "1h"]);
  }

  #overRange(depth: number): string {
    const r = this.#random;
    if (r.chance(0.25))
      return `${r.pick(["rate", "rate", "increase"])}(${this.#counter()}[${this.#range()}])`;
    const fn = r.pick([
      "irate",
      "delta",
      "idelta",
      "deriv",
      "resets",
      "changes",
      "avg_over_time",
      "min_over_time",
      "max_over_time",
      "sum_over_time",
      "count_over_time",
      "last_over_time",
      "present_over_time",
      "absent_over_time",
      "stddev_over_time",
      "stdvar_over_time",
      "quantile_over_time",
      "predict_linear",
    ]);
    const over =
      r.chance(0.15) && depth > 1
        ? `${this.#parenthesised(this.#vector(depth - 2))}[${r.pick(["3m", "11m"])}137ms:${r.pick(["30s", "1m", "", "77s"])}]${this.#modifiers(r.chance(0.15))}`
        : `${this.#selector()}[${this.#range()}]${this.#modifiers(r.chance(0.2))}`;
    if (fn === "quantile_over_time") return `${fn}(${r.pick(["0.5", "0.9", "0", "1", "-1", "2"])}, ${over})`;
    // Under @, 2.42 lets the window of predict_linear() slide on; 3 holds it.
    if (fn === "predict_linear")
      return `${fn}(${over.replace(/ (offset 7m )?@.*$/, "")}, ${r.pick(["60", "3600", "-30"])})`;
    return `${fn}(${over})`;
  }

  /** What 2.42 extrapolates as 3 does: see the generator's data. */
  #counter(): string {
    return this.#random.pick([
      "requests_total",
      'requests_total{code="200"}',
      "errors_total",
      'errors_total{instance=~"node-[13]"}',
    ]);
  }

  #parenthesised(text: string): string {
    return /^[a-z_]+(\{[^{}]*\})?$/.test(text) ? text : `(${text})`;
  }

  #aggregation(depth: number): string {
    const r = this.#random;
    const modifier = r.pick([
      "",
      "by (instance)",
      "by (job, code)",
      "without (instance)",
      "without (code, sensor)",
      "by (missing)",
      "by ()",
    ]);
    const op = r.pick([
      "sum",
      "sum",
      "avg",
      "min",
      "max",
      "count",
      "group",
      "stddev",
      "stdvar",
      "quantile",
      "topk",
      "bottomk",
      "count_values",
    ]);
    // Ties are broken in no particular order, so only what has none is ranked.
    if (op === "topk" || op === "bottomk")
      return `${op}${modifier && ` ${modifier} `}(${r.pick(["1", "2", "3", "0", "100"])}, ${r.pick(["temperature", "load", "rate(requests_total[5m])"])})`;
    if (op === "count_values")
      return `count_values ${modifier} ("v", ${r.pick(["state", "node_info", "round(load / 16)"])})`;
    // Of infinite values 2.42 has a deviation of 0, 3 has none.
    const finite = op === "stddev" || op === "stdvar";
    const body = finite ? r.pick([this.#leaf(), `rate(${this.#counter()}[5m])`]) : this.#vector(depth - 1);
    const args = op === "quantile" ? `${r.pick(["0.5", "0.25", "0.99", "-0.1", "1.5"])}, ${body}` : body;
    return r.chance(0.5) ? `${op} ${modifier} (${args})` : `${op}(${args}) ${modifier}`;
  }

  #each(depth: number): string {
    const r = this.#random;
    const inner = this.#vector(depth - 1);
    return r.pick([
      `abs(${inner})`,
      `ceil(${inner})`,
      `floor(${inner})`,
      `exp(${inner} / 1e6)`,
      `ln(${inner})`,
      `log2(${inner})`,
      `log10(${inner})`,
      `sqrt(${inner})`,
      `sgn(${inner})`,
      `round(${inner})`,
      `round(${inner}, 0.25)`,
      `clamp(${inner}, -5, 50)`,
      `clamp(${inner}, 5, -5)`,
      `clamp_min(${inner}, 10)`,
      `clamp_max(${inner}, 10)`,
      `sin(${inner})`,
      `atan(${inner})`,
      `deg(${inner})`,
      `-${this.#parenthesised(inner)}`,
      `+${this.#parenthesised(inner)}`,
    ]);
  }

  #withScalar(depth: number): string {
    const r = this.#random;
    const op = r.pick(["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<="]);
    const bool = /[=<>]/.test(op) && r.chance(0.4) ? " bool" : "";
    // A remainder of a calculated float magnifies its rounding.
    if (op === "%") return `${this.#leaf()} % ${r.pick(["7", "-3", "0", "0.5", "Inf"])}`;
    const vector = this.#parenthesised(this.#vector(depth - 1));
    const scalar = this.#scalar(1);
    return r.chance(0.7) ? `${vector} ${op}${bool} ${scalar}` : `${scalar} ${op}${bool} ${vector}`;
  }

  #scalar(depth: number): string {
    const r = this.#random;
    if (depth === 1)
      return r.pick(["1", "0", "20.5", "-3", "2", "1e3", "0x10", "Inf", "time()", "pi()", "(1 + 2 * 3)"]);
    return r.pick([
      () => `scalar(${this.#vector(depth - 1)})`,
      () =>
        `${this.#scalar(depth - 1)} ${r.pick(["+", "-", "*", "/", "^", "== bool", "< bool"])} ${this.#scalar(1)}`,
      () => `-${r.pick(["2 ^ 2", "(3)", "time()"])}`,
    ])();
  }

  #matched(): string {
    const r = this.#random;
    const op = r.pick(["+", "-", "*", "/", ">", "<=", "== bool", "!=", "> bool"]);
    return r.pick([
      () => `requests_total ${op} errors_total`,
      () => `errors_total ${op} on (job, instance, code) requests_total`,
      () => `rate(errors_total[5m]) / ignoring (job) rate(requests_total{job="api"}[5m])`,
      () => `temperature ${op} on (instance) group_left load`,
      () => `load ${op} on (instance) group_right temperature`,
      () => `load ${op} on (instance) group_left (rack, model) node_info`,
      () => `requests_total ${op} on (instance) group_left (rack) node_info`,
      () => `node_info * on (instance) group_right (rack) sum by (instance, code) (errors_total)`,
      () => `requests_total{job="api"} ${op} ignoring (code) group_left sum without (code) (errors_total)`,
      () => `sum by (instance) (requests_total) ${op} sum by (instance) (errors_total)`,
      () => `load ${op} ignoring (job) sparse`,
      () => `load ${op} state`,
      () => `load ${op} load offset 5m`,
      () => `temperature{sensor="cpu"} ${op} ignoring (sensor) temperature{sensor="board"}`,
      () => `requests_total + on (instance) load`,
      () => `load / on (instance) temperature`,
      () => `load * on () group_left scalar_like`.replace("scalar_like", 'count(node_info{rack="r1"})'),
    ])();
  }

  #set(depth: number): string {
    const r = this.#random;
    const op = r.pick(["and", "or", "unless"]);
    const on = r.pick(["", "", " on (instance)", " ignoring (job)", " on ()"]);
    const side = (): string => this.#parenthesised(this.#vector(depth - 1));
    return r.chance(0.5)
      ? `${side()} ${op}${on} ${side()}`
      : `${r.pick(["load", "temperature", "requests_total"])} ${op}${on} ${r.pick(["load > 10", "state == 1", "errors_total", "sparse", "vector(1)"])}`;
  }

  #special(depth: number): string {
    const r = this.#random;
    return r.pick([
      () =>
        `histogram_quantile(${r.pick(["0.5", "0.9", "0.99", "1", "0", "-1"])}, ${r.pick(["duration_seconds_bucket", "rate(duration_seconds_bucket[5m])", "sum by (le) (rate(duration_seconds_bucket[2m]))"])})`,
      () => `label_replace(${this.#vector(depth - 1)}, "host", "$1-x", "instance", "node-(.*)")`,
      () => `label_replace(load, "instance", "", "job", "node")`,
      () => `label_join(${this.#vector(depth - 1)}, "both", "/", "job", "instance", "missing")`,
      () =>
        `absent(${r.pick(["load", 'nothing{a="b"}', "load > 1000", 'sparse{instance="node-1",job=~"x"}'])})`,
      () => `vector(${this.#scalar(2)})`,
      () => `timestamp(${r.pick(["load", "sparse", "load offset 1m", "abs(load)", "temperature @ end()"])})`,
      () =>
        `${r.pick(["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "month", "year", "days_in_month"])}(${r.pick(["", "timestamp(load)", "vector(time() * 3)"])})`,
      () => `${r.pick(["sort", "sort_desc"])}(${this.#vector(depth - 1)})`,
      () =>
        `scalar(${r.pick(["load", 'load{instance="node-1"}'])}) + ${this.#parenthesised(this.#vector(depth - 1))}`,
    ])();
  }

  #illTyped(): string {
    return this.#random.pick([
      "rate(load)",
      "sum(1)",
      "load[5m] + 1",
      "1 and load",
      "1 > 2",
      'load + "a"',
      "abs(load[5m])",
      "topk(load, load)",
      "load[5m][5m]",
      "load offset 5m offset 5m",
      "{}",
      'load{job=~"("}',
      "sum(load, load)",
      "no_such_function(load)",
      "load + on (job) group_left (job) load",
      "load and on (job) group_left load",
      "rate(load[5m]",
      "load{",
      "1 +",
      "load bool 1",
      "load + bool load",
      'load{__name__="x"}',
      "scalar(1)",
      "-load[5m]",
      "time(1)",
      "",
    ]);
  }
}

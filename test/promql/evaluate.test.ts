import { describe, expect, test } from "bun:test";
import { at, failure, over } from "./answers.ts";
import { series } from "./memory_source.ts";

const stale = Number.NaN;

describe("an instant vector selector", () => {
  const data = [
    series('x{a="1"}', [1, 2, 3]),
    series('x{a="2"}', [4, stale, 5]),
    series("y", [9], { from: 5 }),
  ];

  test("takes the newest sample, at its own time too", async () => {
    expect(await at(data, "x", 10)).toEqual(['x{a="1"} 2']);
    expect(await at(data, "x", 19.999)).toEqual(['x{a="1"} 2']);
    expect(await at(data, "x", 20)).toEqual(['x{a="1"} 3', 'x{a="2"} 5']);
  });

  test("looks back less than five minutes", async () => {
    expect(await at(data, "y", 304.999)).toEqual(["y 9"]);
    expect(await at(data, "y", 305)).toEqual([]);
  });

  test("ends at a stale marker", async () => {
    expect(await over(data, 'x{a="2"}', [0, 25, 5])).toEqual(['x{a="2"} 4 4 _ _ 5 5']);
  });

  test("is moved by offset and fixed by @, also by the query's own start and end", async () => {
    expect(await over(data, 'x{a="1"} offset 10s', [10, 30, 10])).toEqual(['x{a="1"} 1 2 3']);
    expect(await over(data, 'x{a="1"} offset -10s', [0, 10, 10])).toEqual(['x{a="1"} 2 3']);
    expect(await over(data, 'x{a="1"} @ 10', [0, 20, 10])).toEqual(['x{a="1"} 2 2 2']);
    expect(await over(data, 'x{a="1"} @ end() - x{a="1"} @ start()', [0, 20, 10])).toEqual(['{a="1"} 2 2 2']);
  });

  test("matches labels that are missing as empty", async () => {
    expect(await at(data, '{__name__=~"x|y",a=""}', 5)).toEqual(["y 9"]);
    expect(await at(data, '{__name__=~"x|y",a!~"1|"}', 5)).toEqual(['x{a="2"} 4']);
  });
});

describe("a range selector", () => {
  const data = [series("x", [1, 2, stale, 4])];

  test("excludes its left end, includes its right end and skips stale markers", async () => {
    expect(await at(data, "x[30s]", 30)).toEqual(["x 2@10 4@30"]);
    expect(await at(data, "x[30s]", 29.999)).toEqual(["x 1@0 2@10"]);
  });

  test("cannot be the answer of a range query", async () => {
    expect(over(data, "x[30s]", [0, 10, 10])).rejects.toThrow(
      'invalid expression type "range vector" for range query',
    );
  });
});

describe("rate() and its kin", () => {
  const steady = [series("c_total", [100, 110, 120, 130, 140, 150, 160])];

  test("rate() extrapolates to both ends of a window that is full of samples", async () => {
    expect(await at(steady, "rate(c_total[40s])", 60)).toEqual(["{} 1"]);
    expect(await at(steady, "increase(c_total[45s])", 55)).toEqual(["{} 45"]);
  });

  test("rate() counts from zero after a counter reset", async () => {
    const data = [series("c_total", [100, 110, 5, 15])];
    expect(await at(data, "increase(c_total[40s])", 30)).toEqual([
      `{} ${Number(((25 * 40) / 30).toPrecision(9))}`,
    ]);
    expect(await at(data, "resets(c_total[40s])", 30)).toEqual(["{} 1"]);
  });

  test("rate() goes back half an interval where a series begins inside the window, but not below zero", async () => {
    expect(
      await at([series("c_total", [1000, 1010, 1020], { from: 50 })], "increase(c_total[2m])", 70),
    ).toEqual(["{} 25"]);
    expect(await at([series("c_total", [0, 10, 20], { from: 50 })], "increase(c_total[2m])", 70)).toEqual([
      "{} 20",
    ]);
  });

  test("delta() may fall", async () => {
    expect(await at([series("g", [5, 3, 1])], "delta(g[20s])", 20)).toEqual(["{} -4"]);
  });

  test("irate() and idelta() look at the last two samples", async () => {
    const data = [series("c_total", [0, 100, 50, 70])];
    expect(await at(data, "irate(c_total[1m])", 30)).toEqual(["{} 2"]);
    expect(await at(data, "irate(c_total[1m])", 20)).toEqual(["{} 5"]);
    expect(await at(data, "idelta(c_total[1m])", 20)).toEqual(["{} -50"]);
  });

  test("one sample gives none of them", async () => {
    for (const name of ["rate", "increase", "delta", "irate", "idelta", "deriv"])
      expect(await at([series("c_total", [1])], `${name}(c_total[1m])`, 5)).toEqual([]);
  });

  test("deriv() and predict_linear() fit a line", async () => {
    const data = [series("g", [0, 5, 10, 15])];
    expect(await at(data, "deriv(g[1m])", 30)).toEqual(["{} 0.5"]);
    expect(await at(data, "predict_linear(g[1m], 60)", 30)).toEqual(["{} 45"]);
    expect(await over(data, "predict_linear(g[1m] @ 30, 0)", [30, 50, 10])).toEqual(["{} 15 20 25"]);
  });

  test("each step of a range query sees its own window", async () => {
    expect(await over(steady, "increase(c_total[20s])", [10, 60, 10])).toEqual(["{} 20 20 20 20 20 20"]);
  });
});

describe("*_over_time()", () => {
  const data = [series("x", [3, 1, 2, 10])];
  const cases: readonly (readonly [call: string, value: string])[] = [
    ["avg_over_time(x[1m])", "{} 4"],
    ["sum_over_time(x[1m])", "{} 16"],
    ["min_over_time(x[1m])", "{} 1"],
    ["max_over_time(x[1m])", "{} 10"],
    ["count_over_time(x[1m])", "{} 4"],
    ["present_over_time(x[1m])", "{} 1"],
    ["last_over_time(x[1m])", "x 10"],
    ["first_over_time(x[1m])", "x 3"],
    ["stdvar_over_time(x[1m])", "{} 12.5"],
    ["stddev_over_time(x[1m])", "{} 3.53553391"],
    ["quantile_over_time(0.5, x[1m])", "{} 2.5"],
    ["quantile_over_time(2, x[1m])", "{} +Inf"],
    ["mad_over_time(x[1m])", "{} 1"],
    ["changes(x[1m])", "{} 3"],
    ["resets(x[1m])", "{} 1"],
  ];
  for (const [call, value] of cases)
    test(call, async () => expect(await at(data, call, 30)).toEqual([value]));

  test("sums what is huge without losing what is small", async () => {
    expect(await at([series("x", [1, 1e100, 1, -1e100])], "sum_over_time(x[1m])", 30)).toEqual(["{} 2"]);
    expect(await at([series("x", [1.7e308, 1.7e308])], "avg_over_time(x[1m])", 30)).toEqual(["{} 1.7e+308"]);
  });
});

describe("a subquery", () => {
  const data = [
    series(
      "c_total",
      Array.from({ length: 31 }, (_, i) => i * i),
    ),
  ];

  test("evaluates at multiples of its step, the left end excluded", async () => {
    expect(await at(data, "c_total[40s:20s]", 65)).toEqual(["c_total 16@40 36@60"]);
    expect(await at(data, "c_total[40s:20s]", 60)).toEqual(["c_total 16@40 36@60"]);
  });

  test("feeds range functions, under offset and @, step by step", async () => {
    expect(await at(data, "max_over_time(rate(c_total[20s])[1m:10s])", 300)).toEqual(["{} 5.9"]);
    expect(await at(data, "sum_over_time(c_total[20s:10s] offset 10s)", 40)).toEqual(["{} 13"]);
    expect(await over(data, "sum_over_time(c_total[20s:10s] @ 30)", [0, 20, 10])).toEqual(["{} 13 13 13"]);
    expect(await over(data, "sum_over_time(c_total[20s:10s])", [10, 40, 10])).toEqual(["{} 1 5 13 25"]);
  });

  test("steps by a minute when it names no step", async () => {
    expect(await at(data, "c_total[2m:]", 130)).toEqual(["c_total 36@60 144@120"]);
  });
});

describe("aggregation", () => {
  const data = [
    series('x{a="1",b="1"}', [1, undefined, 1]),
    series('x{a="1",b="2"}', [2, 2, 2]),
    series('x{a="2",b="1"}', [5, stale, 5]),
    series('x{b="3"}', [7, 7, 7]),
  ];
  const cases: readonly (readonly [query: string, values: readonly string[]])[] = [
    ["sum(x)", ["{} 15"]],
    ["sum by (a) (x)", ['{a="1"} 3', '{a="2"} 5', "{} 7"]],
    ["sum without (b) (x)", ['{a="1"} 3', '{a="2"} 5', "{} 7"]],
    ["avg by (b) (x)", ['{b="1"} 3', '{b="2"} 2', '{b="3"} 7']],
    ["min(x)", ["{} 1"]],
    ["max(x)", ["{} 7"]],
    ["count(x)", ["{} 4"]],
    ["group(x)", ["{} 1"]],
    ["stdvar(x)", ["{} 5.6875"]],
    ["stddev by (a) (x)", ['{a="1"} 0.5', '{a="2"} 0', "{} 0"]],
    ["quantile(0.5, x)", ["{} 3.5"]],
    ["topk(2, x)", ['x{b="3"} 7', 'x{a="2",b="1"} 5']],
    ["bottomk by (a) (1, x)", ['x{a="1",b="1"} 1', 'x{a="2",b="1"} 5', 'x{b="3"} 7']],
    ["topk(0, x)", []],
    ['count_values("v", x > bool 2)', ['{v="0"} 2', '{v="1"} 2']],
    ['count_values by (a) ("v", x)', ['{a="1",v="1"} 1', '{a="1",v="2"} 1', '{a="2",v="5"} 1', '{v="7"} 1']],
    ["sum(nothing)", []],
  ];
  for (const [query, values] of cases)
    test(query, async () => expect(await at(data, query, 0)).toEqual(values));

  test("only series present at a step take part in it", async () => {
    const late = [series("x{a=1}", [1, 1, 1]), series("x{a=2}", [10, stale, 10])];
    expect(await over(late, "sum(x)", [0, 20, 10])).toEqual(["{} 11 1 11"]);
    expect(await over(late, "count(x)", [0, 20, 10])).toEqual(["{} 2 1 2"]);
    expect(await over(late, "topk(1, x)", [0, 20, 10])).toEqual(['x{a="1"} _ 1 _', 'x{a="2"} 10 _ 10']);
  });

  test("NaN loses against every number", async () => {
    expect(await at(data, "max(0 / 0 * x or vector(1))", 0)).toEqual(["{} 1"]);
    expect(await at(data, "topk(1, x / (x - 7))", 0)).toEqual(['{b="3"} +Inf']);
  });

  test("an unusable parameter is refused", async () => {
    expect((await failure(data, "topk(NaN, x)")).message).toBe("Parameter value is NaN");
    expect((await failure(data, "topk(1e30, x)")).message).toContain("overflows int64");
    expect((await failure(data, 'count_values("", x)')).message).toContain("needs the name of a label");
  });
});

describe("binary operators", () => {
  const data = [
    series('x{a="1",job="n"}', [10]),
    series('x{a="2",job="n"}', [20]),
    series('y{a="1"}', [2]),
    series('y{a="3"}', [3]),
    series('many{a="1",b="p"}', [5]),
    series('many{a="1",b="q"}', [6]),
    series('info{a="1",rack="r7"}', [1]),
  ];
  const cases: readonly (readonly [query: string, values: string | readonly string[]])[] = [
    ["1 + 2 * 3", "7"],
    ["7 % -4", "3"],
    ["1 ^ NaN", "1"],
    ["0 / 0", "NaN"],
    ["1 == bool 1", "1"],
    ["x + 1", ['{a="1",job="n"} 11', '{a="2",job="n"} 21']],
    ["100 / x", ['{a="1",job="n"} 10', '{a="2",job="n"} 5']],
    ["x > 15", ['x{a="2",job="n"} 20']],
    ["15 < x", ['x{a="2",job="n"} 20']],
    ["x > bool 15", ['{a="1",job="n"} 0', '{a="2",job="n"} 1']],
    ["x / y", []],
    ["x / on (a) y", ['{a="1"} 5']],
    ["x / ignoring (job) y", ['{a="1"} 5']],
    ["x > ignoring (job) y", ['x{a="1"} 10']],
    ["many * on (a) group_left x", ['{a="1",b="p"} 50', '{a="1",b="q"} 60']],
    ["x - on (a) group_right many", ['{a="1",b="p"} 5', '{a="1",b="q"} 4']],
    ["x > on (a) group_right many", ['many{a="1",b="p"} 10', 'many{a="1",b="q"} 10']],
    ["many * on (a) group_left (rack) info", ['{a="1",b="p",rack="r7"} 5', '{a="1",b="q",rack="r7"} 6']],
    ["x and on (a) y", ['x{a="1",job="n"} 10']],
    ["x unless on (a) y", ['x{a="2",job="n"} 20']],
    ["y or on (a) x", ['y{a="1"} 2', 'y{a="3"} 3', 'x{a="2",job="n"} 20']],
    ["-x", ['{a="1",job="n"} -10', '{a="2",job="n"} -20']],
    ["+x{a='1'}", ['x{a="1",job="n"} 10']],
  ];
  for (const [query, values] of cases)
    test(query, async () => expect(await at(data, query, 0)).toEqual(values));

  test("a second series on the side that has one is refused by name", async () => {
    const error = await failure(data, "x / on (job) x");
    expect(error.kind).toBe("execution");
    expect(error.message).toBe(
      'found duplicate series for the match group {job="n"} on the right hand-side of the operation: [x{a="1",job="n"}, x{a="2",job="n"}];many-to-many matching not allowed: matching labels must be unique on one side',
    );
    expect((await failure(data, "x / on (a) group_right many + on () group_right x")).message).toContain(
      "left hand-side",
    );
  });

  test("a second series on the other side asks for group_left", async () => {
    expect((await failure(data, "many / on (a) x")).message).toContain(
      "many-to-one matching must be explicit",
    );
    expect((await failure(data, "many / on (a) group_left (b) x")).message).toContain(
      "grouping labels must ensure unique matches",
    );
  });

  test("series that meet under the same labels are refused, unless at different steps", async () => {
    const both = [series("p", [1]), series("q", [2])];
    expect((await failure(both, '-{__name__=~"p|q"}')).message).toBe(
      "vector cannot contain metrics with the same labelset",
    );
    const relay = [series("p", [1, stale]), series("q", [undefined, 2])];
    expect(await over(relay, '-{__name__=~"p|q"}', [0, 10, 10])).toEqual(["{} -1 -2"]);
    expect((await failure(relay, 'sum_over_time({__name__=~"p|q"}[1m])', 10)).message).toContain(
      "same labelset",
    );
  });

  test("pairs that change partners from step to step stay one series", async () => {
    const relay = [
      series("m", [1, 2, 3]),
      series('f{v="1"}', [10, stale, undefined]),
      series('f{v="2"}', [undefined, 20, 20]),
    ];
    expect(await over(relay, "m + ignoring (v) f", [0, 20, 10])).toEqual(["{} 11 22 23"]);
  });
});

describe("functions", () => {
  const data = [
    series('x{a="1"}', [-2.5]),
    series('x{a="2"}', [7.5]),
    series('host{instance="node-7:9100"}', [1]),
    ...["0.1", "1", "+Inf"].map((le, i) => series(`h_bucket{le="${le}"}`, [[1, 3, 4][i]])),
  ];
  const cases: readonly (readonly [query: string, values: string | readonly string[]])[] = [
    ["abs(x)", ['{a="1"} 2.5', '{a="2"} 7.5']],
    ["round(x)", ['{a="1"} -2', '{a="2"} 8']],
    ["round(x, 5)", ['{a="1"} 0', '{a="2"} 10']],
    ["clamp(x, 0, 5)", ['{a="1"} 0', '{a="2"} 5']],
    ["clamp(x, 5, 0)", []],
    ["clamp_min(x, 0)", ['{a="1"} 0', '{a="2"} 7.5']],
    ["clamp_max(x, 0)", ['{a="1"} -2.5', '{a="2"} 0']],
    ["sgn(x)", ['{a="1"} -1', '{a="2"} 1']],
    ["sqrt(x)", ['{a="1"} NaN', '{a="2"} 2.73861279']],
    ["sort(x)", ['x{a="1"} -2.5', 'x{a="2"} 7.5']],
    ["sort_desc(x)", ['x{a="2"} 7.5', 'x{a="1"} -2.5']],
    ["time()", "5"],
    ["pi()", "3.14159265"],
    ["scalar(x)", "NaN"],
    ['scalar(x{a="1"})', "-2.5"],
    ["vector(3)", ["{} 3"]],
    ["timestamp(x)", ['{a="1"} 0', '{a="2"} 0']],
    ["timestamp(-x)", ['{a="1"} 5', '{a="2"} 5']],
    ["absent(x)", []],
    ['absent(y{a="1",b=~"c",d!="e"})', ['{a="1"} 1']],
    ["absent(sum(y))", ["{} 1"]],
    ['absent_over_time(y{a="1"}[1m])', ['{a="1"} 1']],
    [
      'label_replace(host, "node", "n$1", "instance", "node-(.*):.*")',
      ['host{instance="node-7:9100",node="n7"} 1'],
    ],
    [
      `label_replace(host, "port", "\${p}!", "instance", ".*:(?P<p>.*)")`,
      ['host{instance="node-7:9100",port="9100!"} 1'],
    ],
    ['label_replace(host, "instance", "", "instance", ".*")', ["host 1"]],
    ['label_replace(host, "a", "b", "instance", "other")', ['host{instance="node-7:9100"} 1']],
    [
      'label_join(host, "j", "-", "instance", "nothing", "instance")',
      ['host{instance="node-7:9100",j="node-7:9100--node-7:9100"} 1'],
    ],
    ["histogram_quantile(0.5, h_bucket)", ["{} 0.55"]],
    ["histogram_quantile(0.25, h_bucket)", ["{} 0.1"]],
    ["histogram_quantile(0.99, h_bucket)", ["{} 1"]],
    ["histogram_quantile(-1, h_bucket)", ["{} -Inf"]],
    ['histogram_quantile(0.5, h_bucket{le!="+Inf"})', ["{} NaN"]],
    ["year(vector(1709210096))", ["{} 2024"]],
    ["month(vector(1709210096))", ["{} 2"]],
    ["day_of_month(vector(1709210096))", ["{} 29"]],
    ["day_of_week(vector(1709210096))", ["{} 4"]],
    ["day_of_year(vector(1709210096))", ["{} 60"]],
    ["days_in_month(vector(1709210096))", ["{} 29"]],
    ["hour(vector(1709210096))", ["{} 12"]],
    ["minute(vector(1709210096))", ["{} 34"]],
    ["minute()", ["{} 0"]],
    ['"text"', "text"],
  ];
  for (const [query, values] of cases)
    test(query, async () => expect(await at(data, query, 5)).toEqual(values));

  test("labels that an operation makes alike are refused", async () => {
    expect((await failure(data, 'label_replace(x, "a", "same", "a", ".*")', 5)).message).toBe(
      "vector cannot contain metrics with the same labelset",
    );
    expect((await failure(data, 'label_replace(x, "a", "$1", "a", "(")', 5)).kind).toBe("bad_data");
  });
});

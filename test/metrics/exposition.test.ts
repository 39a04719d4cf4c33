import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { catalogue, createCatalogue } from "../../src/metrics/catalogue.ts";
import { formatExposition } from "../../src/metrics/exposition.ts";
import { readExposition, seriesOf } from "../agent/exporters/exposition_reader.ts";

const families = createCatalogue(
  [
    ["a_total", { type: "counter", unit: "", help: "With \\ and\nline feed." }],
    ["b", { type: "gauge", unit: "", help: "B." }],
    ["odd", { type: "counter", unit: "", help: "Odd." }],
  ],
  [],
);

describe("formatExposition", () => {
  test("families are contiguous, with help and type once, in the order of their first sample", () => {
    const text = formatExposition(
      [
        {
          name: "b",
          labels: [
            ["z", "1"],
            ["a", "2"],
          ],
          value: 1.5,
        },
        { name: "a_total", labels: [], value: 1e21 },
        { name: "b", labels: [["a", ""]], value: -0.25 },
        { name: "odd", labels: [], value: 3 },
        { name: "unknown", labels: [], value: Number.POSITIVE_INFINITY },
      ],
      families,
    );
    expect(text).toBe(
      [
        "# HELP b B.",
        "# TYPE b gauge",
        'b{a="2",z="1"} 1.5',
        "b -0.25",
        "# HELP a_total With \\\\ and\\nline feed.",
        "# TYPE a_total counter",
        "a_total 1e+21",
        "# HELP odd Odd.",
        "# TYPE odd untyped",
        "odd 3",
        "# TYPE unknown untyped",
        "unknown +Inf",
        "",
      ].join("\n"),
    );
  });

  test("of equal series the last one is shown", () => {
    const twice = [
      {
        name: "b",
        labels: [
          ["x", "1"],
          ["y", ""],
        ] as const,
        value: 1,
      },
      { name: "b", labels: [["x", "1"]] as const, value: 2 },
    ];
    expect(readExposition(formatExposition(twice, families)).values).toEqual(new Map([['b{x="1"}', 2]]));
  });

  test("names that cannot stand in the format are refused", () => {
    const expose = (name: string, label: string) => () =>
      formatExposition([{ name, labels: [[label, "v"]], value: 1 }], families);
    expect(expose("a b", "x")).toThrow('Cannot expose "a b": it is no metric name.');
    expect(expose("a\nb 1", "x")).toThrow("no metric name");
    expect(expose("a", 'x="1"')).toThrow("it is no label name");
  });

  test("any label value and number comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.double({ noNaN: true }), (label, value) => {
        const labels = [["l", label]] as const;
        const { values } = readExposition(formatExposition([{ name: "b", labels, value }], families));
        expect([...values]).toEqual([[seriesOf("b", labels), value]]);
      }),
    );
  });
});

describe("the catalogue", () => {
  test("families that the kernel names have a type and a unit", () => {
    expect(catalogue.get("node_memory_MemFree_bytes")).toMatchObject({ type: "gauge", unit: "bytes" });
    expect(catalogue.get("node_memory_HugePages_Free")).toMatchObject({ type: "gauge", unit: "" });
    expect(catalogue.get("node_vmstat_pgfault")).toMatchObject({ type: "counter" });
    expect(catalogue.get("node_netstat_Tcp_CurrEstab")).toMatchObject({ type: "gauge" });
    expect(catalogue.get("node_netstat_Tcp_InSegs")).toMatchObject({ type: "counter" });
    expect(catalogue.get("node_hwmon_temp_crit_celsius")).toMatchObject({ type: "gauge", unit: "celsius" });
    expect(catalogue.get("node_hwmon_fan_rpm")).toMatchObject({ type: "gauge", unit: "rpm" });
    expect(catalogue.get("node_rapl_package_joules_total")).toMatchObject({
      type: "counter",
      unit: "joules",
    });
    expect(catalogue.get("node_power_supply_energy_watthour")).toMatchObject({
      type: "gauge",
      unit: "watthours",
    });
    expect(catalogue.get("nothing_of_ours")).toBeUndefined();
  });

  test("counters that dcmon names end in _total, gauges do not", () => {
    for (const name of catalogue.names()) {
      const type = catalogue.get(name)?.type;
      if (type === "gauge") expect(name).not.toMatch(/_total$/);
      else if (!name.startsWith("node_nf_conntrack_stat_")) expect(name).toMatch(/_total$/);
    }
  });

  test("every help is one line that ends in a full stop", () => {
    for (const name of catalogue.names()) expect(catalogue.get(name)?.help).toMatch(/^[^\n]+\.$/);
  });
});

import type { Labels } from "../metrics/labels.ts";
import type { QueryResult } from "./evaluate.ts";
import { formatNumber, formatTimestamp } from "./format.ts";

/** The `data` member of an answer of Prometheus's query API: `{"resultType":…,"result":…}`. */
export function toPrometheusJson(result: QueryResult): string {
  return `{"resultType":"${result.type}","result":${resultJson(result)}}`;
}

function resultJson(result: QueryResult): string {
  switch (result.type) {
    case "scalar":
      return point(formatTimestamp(result.time), result.value);
    case "string":
      return `[${formatTimestamp(result.time)},${JSON.stringify(result.value)}]`;
    case "vector": {
      const time = formatTimestamp(result.time);
      const samples = result.samples.map(
        ({ labels, value }) => `{"metric":${labelsJson(labels)},"value":${point(time, value)}}`,
      );
      return `[${samples.join(",")}]`;
    }
    case "matrix": {
      const formatted = new Map<number, string>();
      const timeText = (ms: number): string => {
        const text = formatted.get(ms) ?? formatTimestamp(ms);
        formatted.set(ms, text);
        return text;
      };
      const series = result.series.map(({ labels, timestamps, values }) => {
        let points = "";
        for (let i = 0; i < values.length; i++)
          points += `${i > 0 ? "," : ""}${point(timeText(timestamps[i]!), values[i]!)}`;
        return `{"metric":${labelsJson(labels)},"values":[${points}]}`;
      });
      return `[${series.join(",")}]`;
    }
    default:
      return result satisfies never;
  }
}

function point(time: string, value: number): string {
  return `[${time},"${formatNumber(value)}"]`;
}

function labelsJson(labels: Labels): string {
  const pairs: string[] = [];
  for (let i = 0; i < labels.length; i += 2)
    pairs.push(`${JSON.stringify(labels[i])}:${JSON.stringify(labels[i + 1])}`);
  return `{${pairs.join(",")}}`;
}

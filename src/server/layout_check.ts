import { labelValue, METRIC_NAME } from "../metrics/labels.ts";
import { type Layout, layoutFault, layoutHash } from "../wire/layout.ts";

/** Names that only the server writes: a node must not speak for it, nor say of itself that it is up. */
const SERVERS_OWN = /^(up|dcmon_server_.*)$/;

/** Why a client may not announce this layout, in words for the agent's log; undefined when it may. */
export function layoutRefusal(layout: Layout, hash: string, instance: string): string | undefined {
  const fault = layoutFault(layout);
  if (fault !== undefined) return fault;
  if (layoutHash(layout) !== hash) return "hash is not that of the content";
  for (const [index, labels] of layout.series.entries()) {
    const name = labelValue(labels, METRIC_NAME);
    if (SERVERS_OWN.test(name))
      return `series ${index}: "${name.slice(0, 80)}" is written by the server only`;
    if (labelValue(labels, "job") === "") return `series ${index} has no label "job"`;
    if (labelValue(labels, "instance") !== instance)
      return `series ${index}: label "instance" is not this client's "${instance.slice(0, 80)}"`;
  }
  return undefined;
}

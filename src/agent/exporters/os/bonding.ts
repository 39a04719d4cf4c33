import type { Host } from "../../host.ts";
import { NoData, type Sample } from "../exporter.ts";
import type { Collector } from "./collector.ts";
import { sample, wordsOf } from "./text.ts";

export const bonding: Collector = {
  name: "bonding",
  collect(host) {
    const masters = host.readValue(host.sys("class/net/bonding_masters"));
    if (masters === undefined) throw new NoData("the bonding module is not loaded");
    return wordsOf(masters).flatMap((master) => bondSamples(host, master));
  },
};

function bondSamples(host: Host, master: string): Sample[] {
  const slaves = wordsOf(host.readValue(host.sys(`class/net/${master}/bonding/slaves`)) ?? "");
  const active = slaves.filter((slave) => {
    const status = host.sys(`class/net/${master}/lower_${slave}/bonding_slave/mii_status`);
    return host.readValue(status) === "up";
  });
  return [
    sample("node_bonding_slaves", slaves.length, [["master", master]]),
    sample("node_bonding_active", active.length, [["master", master]]),
  ];
}

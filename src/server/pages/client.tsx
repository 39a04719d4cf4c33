import { CHARTS, type ChartDefinition } from "../../../static/charts/definitions.ts";
import { DEFAULT_FROM, PRESETS } from "../../../static/charts/range.ts";
import { ClientPage } from "../../../views/pages/client.tsx";
import { ProblemPage } from "../../../views/pages/problem.tsx";
import { METRIC_NAME } from "../../metrics/labels.ts";
import type { Client } from "../../store/types.ts";
import type { AppStore } from "../app_store.ts";
import { statusOf } from "../client_status.ts";
import { type NodeFacts, nodeFacts } from "../node_facts.ts";
import type { AppContext } from "../services.ts";
import { frameOf, page } from "./frame.ts";

/** Until an agent has announced its intervals, its charts assume the default of the os exporter. */
const DEFAULT_INTERVAL_MS = 5000;

export async function showClientPage(c: AppContext): Promise<Response> {
  const { clock, statusRules, store } = c.var.services;
  const client = store.clients.get(c.req.param("id") ?? "");
  if (client === undefined) {
    const text = "It may have been removed, or the link is incomplete.";
    return page(c, <ProblemPage frame={frameOf(c)} title="No such node" text={text} />, 404);
  }
  const now = clock.now();
  const lastSeen = store.lastReceived(client.owner);
  const status = statusOf(client.id, lastSeen, now, statusRules);
  const knownAt = status === "down" ? lastSeen! : now;
  const [facts, charts] = await Promise.all([factsOf(c, client, knownAt), chartsOf(store, client)]);
  return page(
    c,
    <ClientPage
      frame={frameOf(c)}
      client={client}
      status={status}
      lastSeen={lastSeen}
      facts={facts}
      charts={charts}
      interval={statusRules.intervalOf(client.id) ?? DEFAULT_INTERVAL_MS}
      presets={PRESETS}
      from={c.req.query("to") === undefined ? (c.req.query("from") ?? DEFAULT_FROM) : undefined}
      now={now}
    />,
  );
}

/** What was known at `time`. The page is of use without its facts, so a failing query leaves dashes and a line in the log. */
async function factsOf(c: AppContext, client: Client, time: number): Promise<NodeFacts> {
  const { log, store } = c.var.services;
  try {
    return await nodeFacts(store, client, time);
  } catch (error) {
    log.warn("cannot read the facts of a client", { client: client.id, reason: String(error) });
    return {};
  }
}

async function chartsOf(store: AppStore, client: Client): Promise<ChartDefinition[]> {
  const shown = await Promise.all(
    CHARTS.map(({ needs }) => needs === undefined || hasSeries(store, client, needs)),
  );
  return CHARTS.filter((_, i) => shown[i]);
}

async function hasSeries(store: AppStore, { instance }: Client, names: readonly string[]): Promise<boolean> {
  const sets = names.map((name) => [
    { name: METRIC_NAME, op: "=", value: name } as const,
    { name: "instance", op: "=", value: instance } as const,
  ]);
  return (await store.series(sets)).length > 0;
}

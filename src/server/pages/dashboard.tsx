import { Fleet, type FleetProps } from "../../../views/fragments/fleet.tsx";
import { DashboardPage } from "../../../views/pages/dashboard.tsx";
import { arranged, fleetRows, queryStringOf, sortedBy, tableStateOf, totalsOf } from "../fleet_table.ts";
import type { AppContext } from "../services.ts";
import { frameOf, page } from "./frame.ts";

export async function showDashboard(c: AppContext): Promise<Response> {
  return page(c, <DashboardPage frame={frameOf(c)} fleet={await fleetOf(c)} />);
}

/** The fragment that keeps the table current. It also tells the browser the URL that shows the same view. */
export async function refreshClients(c: AppContext): Promise<Response> {
  const fleet = await fleetOf(c);
  c.header("HX-Replace-Url", c.var.services.links.dashboard + queryStringOf(fleet.state));
  return c.html(<Fleet {...fleet} />);
}

async function fleetOf(c: AppContext): Promise<FleetProps> {
  const { clock, fleet, links, statusRules, store } = c.var.services;
  const state = tableStateOf(new URL(c.req.url).searchParams);
  const { byInstance, faults } = await fleet.readings();
  const now = clock.now();
  const rows = fleetRows(
    store.clients.all(),
    byInstance,
    (owner) => store.lastReceived(owner),
    now,
    statusRules,
  );
  return {
    rows: arranged(rows, state),
    totals: totalsOf(rows),
    state,
    now,
    faults,
    refreshHref: links.refreshClients + queryStringOf(state),
    clientHref: (id) => links.client(id),
    sortHref: (key) => links.dashboard + queryStringOf(sortedBy(state, key)),
  };
}

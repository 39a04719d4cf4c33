import { Fleet, type FleetProps } from "../../../views/fragments/fleet.tsx";
import { DashboardPage } from "../../../views/pages/dashboard.tsx";
import {
  arranged,
  fleetRows,
  pageOf,
  queryStringOf,
  sortedBy,
  tableStateOf,
  totalsOf,
} from "../fleet_table.ts";
import type { AppContext } from "../services.ts";
import { frameOf, page } from "./frame.ts";

const JUST_JOINED_MS = 60_000;

export async function showDashboard(c: AppContext): Promise<Response> {
  return page(c, <DashboardPage frame={frameOf(c)} fleet={await fleetOf(c)} />);
}

/** The fragment that keeps the table current. */
export async function refreshClients(c: AppContext): Promise<Response> {
  return c.html(<Fleet {...(await fleetOf(c))} />);
}

async function fleetOf(c: AppContext): Promise<FleetProps> {
  const { clock, fleet, links, statusRules, store } = c.var.services;
  const asked = tableStateOf(new URL(c.req.url).searchParams);
  const { byInstance, faults } = await fleet.readings();
  const now = clock.now();
  const clients = store.clients.all();
  const rows = fleetRows(clients, byInstance, (owner) => store.lastReceived(owner), now, statusRules);
  const matching = arranged(rows, asked);
  const { rows: shown, page, first } = pageOf(matching, asked.page);
  const state = { ...asked, page };
  return {
    rows: shown,
    first,
    matching: matching.length,
    totals: totalsOf(rows),
    temperatures: rows.some(({ reading }) => reading.temperature !== undefined),
    state,
    now,
    expectant: rows.length === 0 || clients.some(({ createdAt }) => now - createdAt < JUST_JOINED_MS),
    faults,
    pageHref: links.dashboard + queryStringOf(state),
    refreshHref: links.refreshClients + queryStringOf(state),
    clientHref: (id) => links.client(id),
    pageNumberHref: (number) => links.dashboard + queryStringOf({ ...state, page: number }),
    sortHref: (key) => links.dashboard + queryStringOf(sortedBy(state, key)),
  };
}

import type { Client } from "../../store/types.ts";
import { statusOf } from "../client_status.ts";
import type { AppContext, Services } from "../services.ts";
import { apiError } from "./answers.ts";

/** `{"clients": […]}`, by name. */
export function showClients(c: AppContext): Response {
  const { services } = c.var;
  const clients = services.store.clients
    .all()
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return c.json({ clients: clients.map((client) => describe(client, services)) });
}

/** As one member of `clients`. */
export function showClient(c: AppContext): Response {
  const { services } = c.var;
  const id = c.req.param("id") ?? "";
  const client = services.store.clients.get(id);
  if (client === undefined)
    return apiError(
      c,
      404,
      "not_found",
      `no client has the id ${JSON.stringify(id)}: GET /api/clients lists them`,
    );
  return c.json(describe(client, services));
}

function describe(client: Client, { store, clock, statusRules }: Services) {
  const lastReceived = store.lastReceived(client.owner);
  return {
    id: client.id,
    name: client.name,
    instance: client.instance,
    status: statusOf(client.id, lastReceived, clock.now(), statusRules),
    last_seen: lastReceived === undefined ? null : new Date(lastReceived).toISOString(),
    created_at: new Date(client.createdAt).toISOString(),
    revoked: client.revoked,
    labels: client.labels,
  };
}

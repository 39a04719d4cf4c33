import type { Store } from "../store/store.ts";

/** What the pages and the API ask of the store. */
export type AppStore = Pick<
  Store,
  "clients" | "sessions" | "query" | "series" | "labelNames" | "labelValues" | "lastReceived" | "stats"
>;

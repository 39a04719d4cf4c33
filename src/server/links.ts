/** Where pages point to. Built from the route table, so a link cannot outlive its route. */
export interface Links {
  home: string;
  login: string;
  logout: string;
  dashboard: string;
  refreshClients: string;
  queryRange: string;
  client(id: string): string;
  asset(name: string): string;
}

type Linked =
  | "home"
  | "login"
  | "deleteSession"
  | "dashboard"
  | "refreshClients"
  | "queryRange"
  | "clientPage"
  | "asset";

/** @param assetPath the hashed name under which an asset is served. */
export function linksOf(
  routes: Readonly<Record<Linked, { readonly path: string }>>,
  assetPath: (name: string) => string,
): Links {
  return {
    home: routes.home.path,
    login: routes.login.path,
    logout: routes.deleteSession.path,
    dashboard: routes.dashboard.path,
    refreshClients: routes.refreshClients.path,
    queryRange: routes.queryRange.path,
    client: (id) => routes.clientPage.path.replace(":id", encodeURIComponent(id)),
    asset: (name) => routes.asset.path.replace(":name", assetPath(name)),
  };
}

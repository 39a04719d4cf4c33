/** What a browser needs to install the dashboard as an application. @param icon the icon's URL. */
export function manifest(start: string, icon: string): string {
  return JSON.stringify({
    name: "dcmon",
    short_name: "dcmon",
    description: "The nodes of this datacenter",
    start_url: start,
    scope: "/",
    display: "standalone",
    background_color: "#0e1116",
    theme_color: "#0e1116",
    icons: [{ src: icon, sizes: "any", type: "image/svg+xml", purpose: "any" }],
  });
}

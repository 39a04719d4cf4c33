/** The address at which programs on this machine reach a server that listens on `host`. */
export function localAddress(host: string, port: number): string {
  if (host === "0.0.0.0") return `https://127.0.0.1:${port}`;
  if (host === "::") return `https://[::1]:${port}`;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const THIS_MACHINE = new Set(["0.0.0.0", "::", "127.0.0.1", "::1"]);

/** As {@link localAddress}, for a person's browser: by name where there is one. */
export function browserAddress(host: string, port: number): string {
  return THIS_MACHINE.has(host) ? `https://localhost:${port}` : localAddress(host, port);
}

/** The port in a server's URL, which leaves out 443. */
export function portOf(url: string): number {
  return Number(new URL(url).port || 443);
}

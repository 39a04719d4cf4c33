/**
 * The names under which this server may be addressed: those in its certificate. A request for any other name is
 * refused, so that a hostile page cannot point its own DNS name at this server and read the answers.
 */
export class HostList {
  readonly #names: () => readonly string[];

  /** @param names DNS names and IP addresses, read again for every check: interfaces come and go. */
  constructor(names: () => readonly string[]) {
    this.#names = names;
  }

  /** @param host a `Host` header or a URL's host: a name or an address, with or without a port. */
  allows(host: string): boolean {
    const name = nameOf(host);
    return name !== undefined && this.#names().some((allowed) => canonical(allowed) === name);
  }
}

function nameOf(host: string): string | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/.exec(host);
  return match ? canonical(match[1]!) : undefined;
}

/** Lower case, no trailing dot; IPv6 in brackets and its shortest form, as URLs write it. */
function canonical(name: string): string {
  const bare = name
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "")
    .toLowerCase();
  if (!bare.includes(":")) return bare.replace(/\.$/, "");
  return URL.parse(`http://[${bare}]/`)?.hostname ?? bare;
}

import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";

/** A container host can have hundreds of addresses; a certificate with all of them helps no one. */
const MAX_INTERFACE_ADDRESSES = 32;

const DNS_NAME = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?$/;

/**
 * The names and addresses that the server's certificate covers: this machine's, and those of `server.names`.
 * Link-local addresses are left out: nobody writes one into a URL.
 * @throws Error when a configured name is neither a DNS name nor an IP address.
 */
export function serverNames(configured: readonly string[]): string[] {
  const names = new Set(["localhost", "127.0.0.1", "::1"]);
  for (const name of configured) {
    if (!isCertificateName(name))
      throw new Error(`Cannot use "${name}" in server.names: expected a DNS name or an IP address.`);
    names.add(canonicalName(name));
  }
  const host = hostname();
  if (isCertificateName(host)) names.add(canonicalName(host));
  for (const address of interfaceAddresses()) names.add(canonicalName(address));
  return [...names].sort();
}

/** The names that a certificate covers, in the form and order of {@link serverNames}. */
export function coveredNames(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return names.map((name) => canonicalName(name.replace(/^(?:DNS|IP Address):/, ""))).sort();
}

/** An IP address without a zone, or a DNS name, whose first part may be `*`. */
export function isCertificateName(name: string): boolean {
  return (
    (isIP(name) !== 0 && !name.includes("%")) || (name.length <= 253 && DNS_NAME.test(name.toLowerCase()))
  );
}

/** Lower case; IPv6 in its shortest form, so that two spellings of one address are one name. */
function canonicalName(name: string): string {
  if (isIP(name) !== 6) return name.toLowerCase();
  return new URL(`http://[${name}]/`).hostname.slice(1, -1);
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address.replace(/%.*$/, ""))
    .filter((address) => !/^(fe[89ab].:|169\.254\.)/i.test(address))
    .slice(0, MAX_INTERFACE_ADDRESSES);
}

import { isIPv6 } from "node:net";

/**
 * What counts as one sender for limits: an IPv4 address, or the /64 that an IPv6 host chooses its addresses from.
 * @param address as the listener saw the peer.
 */
export function senderOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = new URL(`http://[${address.replace(/%.*$/, "")}]/`).hostname
    .slice(1, -1)
    .split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill("0");
  return `${[...front, ...zeros, ...back].slice(0, 4).join(":")}::/64`;
}

/** True for an address that only this machine itself can have. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.|^::1$/i.test(address);
}

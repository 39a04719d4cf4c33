/** The tags of ASN.1 that dcmon itself reads or writes. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** `[0]`, and so on: what they hold depends on where they stand. */
  context0: 0xa0,
  context3: 0xa3,
} as const;

/** Above this, a length's first byte says how many bytes of it follow. This itself is BER's, and never DER. */
const INDEFINITE = 0x80;

interface Element {
  readonly tag: number;
  readonly body: Uint8Array;
}

/**
 * The elements that `der` consists of, one after the other. None when it is not DER, so that whatever is looked for
 * in it is missing. Tags of one byte and bodies below 64 KiB only: certificates have no others.
 */
export function elementsOf(der: Uint8Array | undefined): Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (der !== undefined && at < der.length) {
    const tag = der[at]!;
    const form = der[at + 1] ?? INDEFINITE;
    const lengthBytes = form < INDEFINITE ? 0 : form - INDEFINITE;
    if (form === INDEFINITE || lengthBytes > 2) return [];
    const begin = at + 2 + lengthBytes;
    const length = lengthBytes === 0 ? form : readLength(der.subarray(at + 2, begin));
    at = begin + length;
    if (at > der.length) return [];
    elements.push({ tag, body: der.subarray(begin, at) });
  }
  return elements;
}

function readLength(bytes: Uint8Array): number {
  return bytes.reduce((length, byte) => 256 * length + byte, 0);
}

/** One element around `parts`. */
export function encodeElement(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const { length } = body;
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...header), body]);
}

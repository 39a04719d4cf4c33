type PemLabel = "CERTIFICATE" | "CERTIFICATE REQUEST" | "PRIVATE KEY";

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export function encodePem(der: ArrayBuffer | Uint8Array, label: PemLabel): string {
  const lines = Buffer.from(der as ArrayBuffer)
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** The one block of this label that the text consists of, or undefined. Linear in the text, which may be hostile. */
export function decodePem(pem: string, label: PemLabel): Uint8Array<ArrayBuffer> | undefined {
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const text = pem.trim();
  if (!text.startsWith(begin) || !text.endsWith(end) || text.length <= begin.length + end.length)
    return undefined;
  const base64 = text.slice(begin.length, -end.length).replace(/[\r\n]/g, "");
  return BASE64.test(base64) ? new Uint8Array(Buffer.from(base64, "base64")) : undefined;
}

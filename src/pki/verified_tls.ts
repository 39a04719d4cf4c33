import { constants } from "node:crypto";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { sha256Hex } from "./keys.ts";

/** `tls` options of `fetch` and `WebSocket` that accept one CA and nothing else. */
interface VerifiedTls {
  readonly ca: string;
  readonly rejectUnauthorized: true;
  readonly secureOptions: number;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/**
 * `rejectUnauthorized` is always set: `NODE_TLS_REJECT_UNAUTHORIZED=0` in the environment would otherwise win.
 * @param ca the only CA that is trusted, in PEM.
 * @param onCertificate called with the SHA-256 (hex) of the DER of the certificate that the server presented, once
 * its name has been checked. A connection for which it was not called must not be used for a proof.
 */
export function verifiedTls(ca: string, onCertificate?: (fingerprint: string) => void): VerifiedTls {
  return {
    ca,
    rejectUnauthorized: true,
    secureOptions: constants.SSL_OP_NO_TLSv1 | constants.SSL_OP_NO_TLSv1_1 | constants.SSL_OP_NO_TLSv1_2,
    checkServerIdentity(host, certificate) {
      // This callback replaces the usual check of the name, so the usual check is made here.
      const fault = checkServerIdentity(host, certificate);
      if (fault !== undefined) return fault;
      onCertificate?.(sha256Hex(certificate.raw));
      return undefined;
    },
  };
}

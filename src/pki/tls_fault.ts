/** What is wrong with a server's TLS, where an operator can do something about it. */
type TlsFault = "wrong name" | "expired" | "not yet valid" | "other server" | "no TLS 1.3";

const FAULTS: ReadonlyMap<string, TlsFault> = new Map([
  ["ERR_TLS_CERT_ALTNAME_INVALID", "wrong name"],
  ["CERT_HAS_EXPIRED", "expired"],
  ["CERT_NOT_YET_VALID", "not yet valid"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "other server"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "other server"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "other server"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "other server"],
  ["CERT_SIGNATURE_FAILURE", "other server"],
  ["INVALID_PURPOSE", "other server"],
  ["EPROTO", "no TLS 1.3"],
]);

/** Reads the code of an error that a TLS connection ended with. @returns undefined when the fault is not TLS's. */
export function tlsFaultOf(code: string | undefined): TlsFault | undefined {
  return FAULTS.get(code ?? "");
}

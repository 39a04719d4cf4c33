import type { X509Certificate } from "node:crypto";
import { elementsOf, TAG } from "./der.ts";

/** Object identifiers in hex, without their tag. */
const BASIC_CONSTRAINTS = "551d13";
const KEY_USAGE = "551d0f";

const DIGITAL_SIGNATURE = 0x80;

/** What `node:crypto` does not tell of a certificate (RFC 5280, 4.2.1.3 and 4.2.1.9). */
interface Constraints {
  /** Undefined when the certificate does not say, or not in DER. */
  readonly kind: "ca" | "leaf" | undefined;
  /** Its key may sign what is not a certificate. */
  readonly maySign: boolean;
}

/** Never throws: what is malformed counts as not said. */
export function constraintsOf(certificate: X509Certificate): Constraints {
  const extensions = extensionsOf(certificate.raw);
  const usages = elementsOf(extensions.get(KEY_USAGE))[0];
  return {
    kind: kindOf(extensions.get(BASIC_CONSTRAINTS)),
    maySign: usages?.tag === TAG.bitString && ((usages.body[1] ?? 0) & DIGITAL_SIGNATURE) !== 0,
  };
}

/** The value is a sequence of a flag, left out when it is false, and the length of a CA's path. */
function kindOf(basicConstraints: Uint8Array | undefined): Constraints["kind"] {
  const [constraints] = elementsOf(basicConstraints);
  if (constraints?.tag !== TAG.sequence) return undefined;
  if (constraints.body.length === 0) return "leaf";
  const [flag] = elementsOf(constraints.body);
  return flag?.tag === TAG.boolean && flag.body[0] === 0xff ? "ca" : undefined;
}

/** The values of the extensions by object identifier. */
function extensionsOf(der: Uint8Array): Map<string, Uint8Array> {
  const [certificate] = elementsOf(der);
  const [toBeSigned] = elementsOf(certificate?.body);
  const wrapper = elementsOf(toBeSigned?.body).find(({ tag }) => tag === TAG.context3);
  const [list] = elementsOf(wrapper?.body);
  return new Map(
    elementsOf(list?.body).flatMap(({ body }) => {
      const parts = elementsOf(body);
      const [name, value] = [parts[0], parts.at(-1)];
      if (name?.tag !== TAG.objectIdentifier || value?.tag !== TAG.octetString) return [];
      return [[Buffer.from(name.body).toString("hex"), value.body] as const];
    }),
  );
}

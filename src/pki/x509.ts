// The library resolves its parsers through Reflect metadata, so the polyfill has to run before it: by the first import
// when run from source (where CommonJS modules run as they are loaded, in any order), by the second in a bundle.
import "reflect-metadata";
import "./reflect.ts";

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

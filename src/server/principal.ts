import type { Session } from "./sessions.ts";

/** Who asks. There is one role so far; a token and a session both stand for the administrator. */
export type Principal =
  | { readonly kind: "anonymous" }
  | { readonly kind: "token" }
  | { readonly kind: "session"; readonly session: Session };

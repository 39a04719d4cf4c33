import type { AppContext } from "../services.ts";

/** The certificate of this server's own authority, for an agent that is about to join. */
export function showCa(c: AppContext): Response | Promise<Response> {
  return c.var.services.enrolment.ca();
}

/** A join token and a certificate request, for a certificate. */
export function enroll(c: AppContext): Promise<Response> {
  return c.var.services.enrolment.enroll(c.req.raw, c.env?.address ?? "");
}

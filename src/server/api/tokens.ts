import type { AppContext } from "../services.ts";

/** A new join token, good for one node within the hour. It is shown once: only its hash is kept. */
export async function createToken(c: AppContext): Promise<Response> {
  const { token, expiresAt } = await c.var.services.enrolment.createToken();
  return c.json({ token, expires_at: new Date(expiresAt).toISOString() }, 201);
}

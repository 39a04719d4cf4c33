import type { AppContext } from "./services.ts";

const FORM = "application/x-www-form-urlencoded";

/**
 * The fields of a body of that type: no multipart, no JSON. Undefined for any other. May be asked for more than once.
 */
export async function formFields(c: AppContext): Promise<URLSearchParams | undefined> {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  return type === FORM ? new URLSearchParams(await c.req.text()) : undefined;
}

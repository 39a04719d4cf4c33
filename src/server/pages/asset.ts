import type { AppContext } from "../services.ts";

export function showAsset(c: AppContext): Response | Promise<Response> {
  const asset = c.var.services.assets.find(c.req.param("name") ?? "");
  if (asset === undefined) return c.notFound();
  const gzip = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
  c.header("Content-Type", asset.type);
  c.header("Cache-Control", "public, max-age=31536000, immutable");
  c.header("Vary", "Accept-Encoding");
  if (gzip) c.header("Content-Encoding", "gzip");
  return c.body(gzip ? asset.gzipped : asset.bytes);
}

// Files that the server embeds as text: `import text from "…" with { type: "text" }`.
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.svg" {
  const text: string;
  export default text;
}
declare module "*/static/dist/theme.js" {
  const text: string;
  export default text;
}
declare module "*/static/dist/app.js" {
  const text: string;
  export default text;
}
declare module "*/static/dist/client.js" {
  const text: string;
  export default text;
}
declare module "htmx.org/dist/htmx.min.js" {
  const text: string;
  export default text;
}

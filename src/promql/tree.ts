import type { SyntaxNode } from "@lezer/common";

/** A node of the grammar's syntax tree. */
export type QueryNode = SyntaxNode;

/** A node's children without comments. */
export function children(node: QueryNode): QueryNode[] {
  const nodes: QueryNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (child.name !== "LineComment") nodes.push(child);
  return nodes;
}

/** What a kind of node is called in messages: `FillModifier` is `the fill modifier`. */
export function describe(nodeName: string): string {
  return `the ${nodeName
    .replace(/Expr$/, "Modifier")
    .replace(/(?<=[a-z])[A-Z]/g, " $&")
    .toLowerCase()}`;
}

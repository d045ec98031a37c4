import type { ASTNode } from "@marcbachmann/cel-js";

export function childrenOf(node: ASTNode): readonly ASTNode[] {
  if (node.op === "value" || node.op === "id") return [];
  if (node.op === "." || node.op === ".?") return [node.args[0]];
  if (node.op === "call") return node.args[1];
  if (node.op === "rcall") return [node.args[1], ...node.args[2]];
  if (node.op === "map") return node.args.flat();
  if (node.op === "!_" || node.op === "-_") return [node.args];
  return node.args;
}

const textTests: ReadonlySet<string> = new Set(["startsWith", "endsWith", "contains"]);

/**
 * The projects, ids and numbers, that a condition holds for by name: what it compares `resource.project` with, and what
 * stands behind `projects/` where it looks into a resource's name. What it holds for by not being named is none of them.
 */
export function projectsNamed(node: ASTNode, isNegated = false): string[] {
  if (node.op === "!_") return projectsNamed(node.args, !isNegated);
  if (node.op === (isNegated ? "!=" : "==")) {
    const [left, right] = node.args;
    return [...projectsIn(left, right), ...projectsIn(right, left)];
  }
  if (node.op === "in" && !isNegated) return projectsIn(node.args[0], node.args[1]);
  if (node.op === "rcall" && textTests.has(node.args[0]) && !isNegated) {
    const [argument] = node.args[2];
    return argument === undefined ? [] : projectsIn(node.args[1], argument);
  }
  return childrenOf(node).flatMap((child) => projectsNamed(child, isNegated));
}

function projectsIn(field: ASTNode, compared: ASTNode): string[] {
  if (field.op !== "." || field.args[0].op !== "id" || field.args[0].args !== "resource") return [];
  const named = compared.op === "list" ? compared.args : [compared];
  const texts = named.flatMap(({ op, args }) => (op === "value" && typeof args === "string" ? [args] : []));
  if (field.args[1] === "project") return texts;
  if (field.args[1] !== "name" && field.args[1] !== "full_name") return [];
  return texts.flatMap((text) => /(?:^|\/)projects\/([^/]+)/.exec(text)?.[1] ?? []);
}

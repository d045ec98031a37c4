import type { SecretShape } from "#lib/secret-shape";

type Field = "strict" | "strict_bytes" | "bag" | SecretShape;

const pathsMax = 400;

/**
 * Where secrets sit in a body, as lines for people: `payload.data strict, base64`. `*` stands for every key of a map;
 * lists are transparent. A schema that leads back to itself is followed once; more than 400 lines are cut, and said to be.
 */
export function secretPaths(shape: SecretShape | undefined): string[] {
  const lines: string[] = [];
  const follow = (path: string, field: Field, above: ReadonlySet<Field>): void => {
    if (lines.length >= pathsMax || above.has(field)) return;
    if (typeof field === "string") {
      lines.push(`${path} ${field === "strict_bytes" ? "strict, base64" : field}`);
      return;
    }
    const within = new Set([...above, field]);
    if (field.ofType !== undefined) lines.push(`${path} as its @type says`);
    for (const [name, below] of field.fields) follow(path === "" ? name : `${path}.${name}`, below, within);
    if (field.each !== undefined) follow(`${path}.*`, field.each, within);
  };
  if (shape !== undefined) follow("", shape, new Set());
  return lines.length >= pathsMax ? [...lines, "… and more"] : lines;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";

export const curatedFolder = join(import.meta.dirname, "curated");

export type Row = Readonly<Record<string, string>>;

/** A table of tab-separated values whose first line names the columns; lines that begin with `#` are comments. */
export function readTable(name: string, columns: readonly string[]): Row[] {
  const lines = readFileSync(join(curatedFolder, `${name}.tsv`), "utf8").split("\n");
  const [head, ...rest] = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (head !== columns.join("\t"))
    throw new Error(`curated/${name}.tsv: the columns are not ${columns.join(", ")}`);
  return rest.map((line) => {
    const cells = line.split("\t");
    if (cells.length !== columns.length) throw new Error(`curated/${name}.tsv: bad line "${line}"`);
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""]));
  });
}

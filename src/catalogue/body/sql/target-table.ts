import { isSymbol, isWord } from "./calls.ts";
import type { SqlSetting } from "./judge-sql.ts";
import type { Token } from "./lexer.ts";

/** The table a statement names after its verb, and where its name ends. */
interface Target {
  readonly name: string;
  readonly end: number;
}

const onTheWay = [
  "INTO",
  "OR",
  "IGNORE",
  "REPLACE",
  "IF",
  "NOT",
  "EXISTS",
  "TABLE",
  "VIEW",
  "TEMP",
  "TEMPORARY",
];
const alsoOnTheWay = ["MATERIALIZED", "SNAPSHOT", "SCHEMA", "UPDATE"];

/** `p.d.t`, in whatever quotes; bare names may hold dashes. */
export function targetAfter(tokens: readonly Token[], verb: number): Target {
  let at = verb + 1;
  while (isWord(tokens[at], ...onTheWay, ...alsoOnTheWay)) at += 1;
  let name = "";
  // A name has three parts, of which the first may hold dashes; a longer one is none.
  const last = at + 2 * partsMax;
  while (at < last) {
    const token = tokens[at];
    if (token === undefined || token.kind === "symbol") return { name, end: at };
    name += token.text;
    const next = tokens[at + 1];
    if (!isSymbol(next, ".") && !isSymbol(next, "-")) return { name, end: at + 1 };
    name += next?.text ?? "";
    at += 2;
  }
  return { name, end: at };
}

const partsMax = 32;

/**
 * Whether a statement may write into another project than the call's: by a name that says so, by the project that names
 * without one are given, or by a variable of the session.
 */
export function reachesElsewhere(tokens: readonly Token[], setting: SqlSetting): boolean {
  if (tokens.some((token) => isWord(token, "DATASET_PROJECT_ID"))) return true;
  return tokens.some((token, at) => {
    if (!isWord(token, "INSERT", "CREATE", "MERGE")) return false;
    const parts = targetAfter(tokens, at).name.split(".");
    const project = parts.length > 2 ? parts.slice(0, -2).join(".") : setting.defaultProject;
    return project !== undefined && project.toLowerCase() !== setting.project?.toLowerCase();
  });
}

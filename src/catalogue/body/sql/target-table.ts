import { isNamed, isSymbol, isWord } from "./calls.ts";
import type { Token } from "./lexer.ts";

/** Where the names in a text lead. */
export interface SqlSetting {
  /** The project of the call. */
  readonly project: string | undefined;
  /** The project of names without one, if the call says so. */
  readonly defaultProject: string | undefined;
}

/** What a statement names after its verb, and where its name ends. */
interface Target {
  /** `undefined` when it is too long to be one. */
  readonly name: string | undefined;
  readonly isSchema: boolean;
  readonly end: number;
}

const onTheWay = [
  ...["INTO", "OR", "IGNORE", "REPLACE", "IF", "NOT", "EXISTS", "TABLE", "VIEW", "TEMP", "TEMPORARY"],
  ...["MATERIALIZED", "SNAPSHOT", "SCHEMA", "UPDATE"],
];
// The longest: CREATE `OR REPLACE TEMP MATERIALIZED VIEW IF NOT EXISTS`.
const wordsOnTheWayMax = 8;
// A name has three parts, of which the first may hold dashes; a longer one is none.
const partsMax = 32;

/** `p.d.t`, in whatever quotes; bare names may hold dashes. */
export function targetAfter(tokens: readonly Token[], verb: number): Target {
  let at = verb + 1;
  let isSchema = false;
  // A project may be called `snapshot-1`: what a dot or a dash follows is part of the name.
  while (isWord(tokens[at], ...onTheWay) && !isJoint(tokens[at + 1])) {
    if (at > verb + wordsOnTheWayMax) return { name: undefined, isSchema, end: at };
    isSchema ||= isWord(tokens[at], "SCHEMA");
    at += 1;
  }
  let name = "";
  const last = at + 2 * partsMax;
  while (at < last) {
    const token = tokens[at];
    if (token === undefined || token.kind === "symbol") return { name, isSchema, end: at };
    name += token.text;
    const next = tokens[at + 1];
    if (!isJoint(next)) return { name, isSchema, end: at + 1 };
    name += next?.text ?? "";
    at += 2;
  }
  return { name: undefined, isSchema, end: at };
}

function isJoint(token: Token | undefined): boolean {
  return isSymbol(token, ".") || isSymbol(token, "-");
}

/**
 * Whether a statement may take data into another project than the call's: by a name that says so (of a table it writes, of a
 * model it asks), by the project that names without one are given, by a variable of the session, or by an endpoint.
 */
export function reachesElsewhere(tokens: readonly Token[], setting: SqlSetting): boolean {
  return tokens.some((token, at) => {
    if (token.kind === "symbol" || token.kind === "number") return false;
    if (isNamed(token, "DATASET_PROJECT_ID", "DATASET_ID") && isSymbol(tokens[at - 1], "@")) return true;
    if (isNamed(token, "CONNECTION_ID", "ENDPOINT") && isSymbol(tokens[at + 1], "=")) return true;
    return isWord(token, ...taking) && isElsewhere(targetAfter(tokens, at), setting);
  });
}

const taking = ["INSERT", "CREATE", "MERGE", "UPDATE", "MODEL"];

function isElsewhere({ name, isSchema }: Target, setting: SqlSetting): boolean {
  if (name === undefined) return true;
  const parts = name.split(".");
  const below = isSchema ? 1 : 2;
  const project = parts.length > below ? parts.slice(0, -below).join(".") : setting.defaultProject;
  return project !== undefined && project.toLowerCase() !== setting.project?.toLowerCase();
}

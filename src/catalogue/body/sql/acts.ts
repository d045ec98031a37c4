import { type Judgement, judgement, worstCase } from "../judgement.ts";
import { isNamed, isSymbol, isWord } from "./calls.ts";
import type { Token } from "./lexer.ts";
import { targetAfter } from "./target-table.ts";

/**
 * What a word does that stands bare in a statement, wherever it stands: a sub-query may delete, a pipe may export, and
 * some dialects need nothing between two statements. A column of that name only makes the judgement harder than need be.
 */
export function judgeAct(tokens: readonly Token[], at: number): Judgement | undefined {
  const token = tokens[at];
  if (token?.kind !== "word") return undefined;
  return acts.get(token.text)?.(tokens, at);
}

type Act = (tokens: readonly Token[], at: number) => Judgement | undefined;

const acts: ReadonlyMap<string, Act> = new Map<string, Act>([
  ["UPDATE", (tokens, at) => unlessReference(tokens, at, destroys("UPDATE overwrites rows"))],
  ["DELETE", (tokens, at) => unlessReference(tokens, at, destroys("DELETE removes rows"))],
  ["MERGE", () => destroys("MERGE may overwrite and remove rows")],
  ["TRUNCATE", () => destroys("TRUNCATE removes all rows")],
  ["DROP", (tokens, at) => privilegedObject(tokens, at) ?? destroys("DROP removes")],
  ["UNDROP", () => destroys("UNDROP replaces what is there now")],
  ["ALTER", judgeAlter],
  ["CREATE", judgeCreate],
  ["INSERT", judgeInsert],
  ["INTO", judgeInto],
  ["GRANT", () => givesAccess],
  ["REVOKE", () => givesAccess],
  ["DENY", () => givesAccess],
  ["CALL", () => runsUnseen("CALL runs a procedure that cannot be seen")],
  ["EXECUTE", () => runsUnseen("EXECUTE runs what is not in the text")],
  ["EXEC", () => runsUnseen("EXEC runs what is not in the text")],
  // Policies on data may also be named without a space (BigQuery).
  ["DATA_POLICY", changesPolicy],
  ["DATA_POLICIES", changesPolicy],
  ["EXPORT", () => worstCase("EXPORT takes data out", ["exec", "exfil"])],
  ["LOAD", () => worstCase("LOAD takes data in from elsewhere", ["exec", "exfil"])],
  ["COPY", () => worstCase("COPY moves data to or from elsewhere", ["exec", "exfil"])],
]);

export const givesAccess = judgement("privileged", "its SQL changes who has access", ["exec"]);

/** What runs and is not in the text may give access, whatever else it does. */
export function runsUnseen(reason: string): Judgement {
  return { ...worstCase(`${reason}, and may change who has access`, ["exec"]), class: "privileged" };
}

function changesPolicy(tokens: readonly Token[]): Judgement | undefined {
  return isWord(tokens[0], "CREATE", "ALTER", "DROP") ? givesAccess : undefined;
}

function destroys(reason: string): Judgement {
  return judgement("destructive", `its SQL: ${reason}`, ["exec"]);
}

/** `ON DELETE CASCADE` of a table that is being made removes nothing now. */
function unlessReference(tokens: readonly Token[], at: number, act: Judgement): Judgement | undefined {
  const isReference =
    isWord(tokens[0], "CREATE") &&
    isWord(tokens[at - 1], "ON") &&
    isWord(tokens[at + 1], "CASCADE", "NO", "RESTRICT");
  return isReference ? undefined : act;
}

const places = ["CONNECTION", "STORAGE_URI"];

const accessObjects = ["USER", "ROLE", "LOGIN", "GROUP", "POLICY", "POLICIES", "MASKING", "SECURITY"];

/** Objects whose making, changing or removal changes who may do what; among the next few words, past `IF NOT EXISTS`. */
function privilegedObject(tokens: readonly Token[], at: number): Judgement | undefined {
  const object = objectAfter(tokens, at);
  const isAccess =
    isWord(tokens[object], ...accessObjects) ||
    (isWord(tokens[object], "ROW", "DATABASE", "SERVER", "APPLICATION", "DEFAULT") &&
      isWord(tokens[object + 1], "ACCESS", "ROLE", "PRIVILEGES", "SCOPED"));
  return isAccess ? givesAccess : undefined;
}

const modifiers = [
  ...["ALL", "OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "UNIQUE", "NULL_FILTERED"],
  ...["SEARCH", "VECTOR", "MATERIALIZED", "SNAPSHOT", "CLUSTERED", "NONCLUSTERED"],
];

function objectAfter(tokens: readonly Token[], at: number): number {
  let index = at + 1;
  while (isWord(tokens[index], ...modifiers)) index += 1;
  return index;
}

function judgeCreate(tokens: readonly Token[], at: number): Judgement | undefined {
  const access = privilegedObject(tokens, at);
  if (access !== undefined) return access;
  if (isWord(tokens[at + 1], "OR")) return destroys("CREATE OR REPLACE replaces what is there");
  const object = objectAfter(tokens, at);
  const isPlain =
    isWord(tokens[object], "TABLE", "VIEW", "SCHEMA", "INDEX", "SEQUENCE") &&
    !isWord(tokens[object + 1], "FUNCTION");
  const isStream = isWord(tokens[object], "CHANGE") && isWord(tokens[object + 1], "STREAM");
  if (isPlain || isStream) return judgement("write", "its SQL: CREATE adds", ["exec"]);
  return worstCase("CREATE makes something that may run code or reach elsewhere", ["exec"]);
}

/** Only a new column takes nothing away, and only where nothing stands before or beside it. */
function judgeAlter(tokens: readonly Token[], at: number): Judgement | undefined {
  const access = privilegedObject(tokens, at);
  if (access !== undefined) return access;
  return at === 0 && addsColumns(tokens)
    ? judgement("write", "its SQL: ALTER TABLE adds a column", ["exec"])
    : destroys("ALTER changes what is there");
}

function addsColumns(tokens: readonly Token[]): boolean {
  const add = tokens.findIndex((token) => isWord(token, "ADD"));
  if (!isWord(tokens[1], "TABLE") || add < 2) return false;
  // Only commas, the name and `IF EXISTS` stand before it; `ALTER TABLE t DISABLE TRIGGER a, ADD COLUMN b` begins otherwise.
  if (targetAfter(tokens, 0).end !== add) return false;
  const others = tokens.filter((token) =>
    isWord(token, "SET", "RENAME", "ALTER", "DROP", "MODIFY", "CHANGE", "POLICY", "PARTITION", "ENGINE"),
  );
  return others.length === 1 && actionsOf(tokens.slice(add)).every(addsColumn);
}

function addsColumn(action: readonly Token[]): boolean {
  return isWord(action[0], "ADD") && isWord(action[1], "COLUMN");
}

/** What stands between commas that are in no parentheses. */
function actionsOf(tokens: readonly Token[]): Token[][] {
  const actions: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, "(")) depth += 1;
    if (isSymbol(token, ")")) depth -= 1;
    if (depth === 0 && isSymbol(token, ",")) actions.push([]);
    else actions.at(-1)?.push(token);
  }
  return actions;
}

/** `CREATE TABLE … WITH CONNECTION … OPTIONS (storage_uri = …)`, `ENGINE = FEDERATED CONNECTION = …`. */
export function keepsElsewhere(tokens: readonly Token[]): boolean {
  return tokens.some((token) => isWord(token, "CREATE")) && tokens.some((token) => isNamed(token, ...places));
}

/** `ALTER … OWNER TO`, `ALTER TABLE … DISABLE ROW LEVEL SECURITY`, anywhere in a statement. */
export function handsOver(tokens: readonly Token[]): boolean {
  return (
    tokens.some((token) => isWord(token, "ALTER")) &&
    tokens.some((token) => isWord(token, "OWNER", "SECURITY", "PRIVILEGES", "AUTHORIZATION", "POLICY_TAGS"))
  );
}

function judgeInsert(tokens: readonly Token[], at: number): Judgement | undefined {
  const next = tokens[at + 1];
  // The branch of a MERGE names no table.
  const isBranch = isWord(tokens[at - 1], "THEN") && (isWord(next, "ROW") || isSymbol(next, "("));
  const isInto =
    isWord(next, "INTO") ||
    (isWord(next, "IGNORE") && isWord(tokens[at + 2], "INTO")) ||
    (isWord(next, "OR") && isWord(tokens[at + 2], "IGNORE") && isWord(tokens[at + 3], "INTO"));
  // Without INTO, only what cannot be a word of the statement is surely the name of a table.
  const isBare =
    next?.kind === "quoted" ||
    (next?.kind === "word" && [".", "(", "-"].some((s) => isSymbol(tokens[at + 2], s)));
  if (isInto || isBare || isBranch) return judgement("write", "its SQL: INSERT adds rows", ["exec"]);
  return worstCase("its INSERT is of a kind that is not known", ["exec"]);
}

/** `SELECT … INTO` makes a table in one dialect and writes a file in another. */
function judgeInto(tokens: readonly Token[], at: number): Judgement | undefined {
  // `SELECT a IGNORE INTO b` has an alias where INSERT has a word.
  const isAfterIgnore = isWord(tokens[at - 1], "IGNORE") && isWord(tokens[at - 2], "INSERT", "OR");
  if (isWord(tokens[at - 1], "INSERT", "MERGE") || isAfterIgnore) return undefined;
  return worstCase("INTO writes somewhere", ["exec", "exfil"]);
}

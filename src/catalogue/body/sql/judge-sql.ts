import { limits } from "#lib/limits";
import { compareClasses } from "../../operation.ts";
import { Doubt, doubt } from "../doubt.ts";
import { type Judgement, judgement, worstCase, worstOf } from "../judgement.ts";
import { givesAccess, handsOver, judgeAct, keepsElsewhere, runsUnseen } from "./acts.ts";
import { isNamed, isSymbol, isWord, judgeCalls } from "./calls.ts";
import type { Dialect } from "./dialect.ts";
import { cut, type Token } from "./lexer.ts";
import { reachesElsewhere, type SqlSetting, targetAfter } from "./target-table.ts";

/**
 * What a text of SQL does, read in every dialect it may be in; the worst of all readings and of all its statements. A
 * text that one of them cannot cut, or whose statements are not known, is the worst case.
 */
export function judgeSql(text: string, dialects: readonly Dialect[], setting: SqlSetting): Judgement {
  if (text.length > limits.judgedSqlCharsMax) return ifUnclear(text, worstCase("the SQL is too long"));
  const [first, ...others] = dialects.map((dialect) => judgeReading(text, dialect, setting));
  return first === undefined
    ? worstCase("its dialect is not known")
    : ifUnclear(text, worstOf(first, others));
}

function judgeReading(text: string, dialect: Dialect, setting: SqlSetting): Judgement {
  let statements: readonly Token[][];
  try {
    statements = statementsOf(cut(text, dialect));
  } catch (error) {
    if (!(error instanceof Doubt)) throw error;
    return worstCase(error.message);
  }
  const [first, ...others] = statements.map((each) => judgeStatement(each, dialect, setting));
  return first === undefined ? worstCase("the SQL holds no statement") : worstOf(first, others);
}

/**
 * Somewhere in a text that nobody can cut, or that hands a text to a function, may be a statement about access; then even
 * the worst case is too mild.
 */
function ifUnclear(text: string, judged: Judgement): Judgement {
  if (!judged.isWorstCase || compareClasses(judged.class, "privileged") >= 0) return judged;
  const mayGiveAccess =
    /\b(?:grant|revoke|deny)\b/i.test(text) ||
    (/\b(?:create|alter|drop)/i.test(text) &&
      /\b(?:user|role|login|group|polic(?:y|ies)|masking|security|owner|privileges)\b/i.test(text));
  return mayGiveAccess
    ? { ...judged, reason: `${judged.reason}, and may change who has access`, class: "privileged" }
    : judged;
}

function statementsOf(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (isSymbol(token, ";")) statements.push([]);
    else statements.at(-1)?.push(token);
  }
  const filled = statements.filter((statement) => statement.length > 0);
  if (filled.length > limits.judgedStatementsMax) throw doubt("the SQL holds too many statements");
  return filled;
}

const reading = [
  "SELECT",
  "WITH",
  "FROM",
  "VALUES",
  "TABLE",
  "EXPLAIN",
  "DESCRIBE",
  "DESC",
  "SHOW",
  "ASSERT",
];
const writing = ["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "ALTER", "DROP", "UNDROP"];
const access = ["GRANT", "REVOKE", "DENY"];
const controlling = [
  ...[
    "BEGIN",
    "BREAK",
    "CASE",
    "COMMIT",
    "CONTINUE",
    "DECLARE",
    "ELSE",
    "ELSEIF",
    "END",
    "EXCEPTION",
    "FOR",
    "IF",
  ],
  ...["ITERATE", "LEAVE", "LOOP", "RAISE", "REPEAT", "RETURN", "ROLLBACK", "SET", "UNTIL", "WHEN", "WHILE"],
];

function judgeStatement(statement: readonly Token[], dialect: Dialect, setting: SqlSetting): Judgement {
  const tokens = statement.slice(headOf(statement));
  // The most telling first: of two reasons that weigh the same, the first is given.
  const judged: Judgement[] = [];
  for (const [at, token] of tokens.entries()) {
    const act = judgeAct(tokens, at);
    if (act !== undefined) judged.push(act);
    if (isStarter(token, dialect)) judged.push(worstCase("a word in the SQL may begin another statement"));
  }
  judged.push(judgeCalls(tokens, callsBegin(tokens, dialect), dialect.functions), judgeHead(tokens, dialect));
  if (reachesElsewhere(tokens, setting)) judged.push(elsewhere);
  if (keepsElsewhere(tokens)) judged.push(kept);
  if (handsOver(tokens)) judged.push(givesAccess);
  const [first = worstCase("the SQL holds no statement"), ...others] = judged;
  return worstOf(first, others);
}

const kept = worstCase("CREATE makes something that is kept elsewhere", ["exec", "exfil"]);
const elsewhere = judgement("read", "it takes data into another project", ["exfil"]);

/** Past hints (`@{name = value}`) and opening parentheses. */
function headOf(statement: readonly Token[]): number {
  let at = 0;
  if (isSymbol(statement[0], "@") && isSymbol(statement[1], "{")) {
    const end = statement.findIndex((token) => isSymbol(token, "}"));
    const inside = statement.slice(2, Math.max(end, 2));
    // A hint that is more than names and values is judged with the statement, which then has no head.
    const isPlain = inside.every((token) => token.kind !== "symbol" || "=,.".includes(token.text));
    if (end > 0 && isPlain) at = end + 1;
  }
  while (isSymbol(statement[at], "(")) at += 1;
  return at;
}

function judgeHead(tokens: readonly Token[], dialect: Dialect): Judgement {
  const [head] = tokens;
  if (isWord(head, ...reading)) return judgement("read", "its SQL only reads");
  if (isWord(head, ...writing)) return judgement("write", "its SQL writes", ["exec"]);
  if (isWord(head, ...access)) return givesAccess;
  if (isWord(head, "REPLACE")) return judgement("destructive", "its SQL: REPLACE overwrites rows", ["exec"]);
  if (dialect.hasScripts && isWord(head, ...controlling)) {
    return judgement("write", "its SQL is a script that writes", ["exec"]);
  }
  if (isWord(head, "SET") && tokens.some((token) => isNamed(token, ...accessSettings))) return givesAccess;
  if (isWord(head, ...tending)) return worstCase("the SQL holds a statement of another kind", ["exec"]);
  return runsUnseen("the SQL holds a statement that is not known");
}

// Of Cloud SQL: they change no rows, or all of them, but never access.
const tending = [
  ...[
    "ABORT",
    "ANALYZE",
    "BEGIN",
    "CHECKPOINT",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "DECLARE",
    "END",
    "LOCK",
    "OPTIMIZE",
  ],
  ...["REFRESH", "REINDEX", "RELEASE", "ROLLBACK", "SAVEPOINT", "SET", "START", "UNLOCK", "USE", "VACUUM"],
];
const accessSettings = ["ROLE", "AUTHORIZATION", "SESSION_AUTHORIZATION", "PASSWORD"];

/** A definition calls nothing by itself, and the name of what is written to is no function, though a parenthesis follows it. */
function callsBegin(tokens: readonly Token[], { definitionsRun }: Dialect): number {
  if (isWord(tokens[0], "CREATE", "ALTER")) {
    if (definitionsRun) return targetAfter(tokens, 0).end + 1;
    const query = tokens.findIndex((token) => isWord(token, "SELECT", "WITH", "FROM", "VALUES"));
    return query === -1 ? tokens.length : query;
  }
  if (!isWord(tokens[0], "INSERT")) return 0;
  const { end } = targetAfter(tokens, 0);
  // Transact-SQL inserts into what a function reaches on another server.
  return isWord(tokens[end - 1], "OPENROWSET", "OPENQUERY", "OPENDATASOURCE") ? 0 : end + 1;
}

function isStarter(token: Token, { starters }: Dialect): boolean {
  return token.kind === "word" && starters.has(token.text);
}

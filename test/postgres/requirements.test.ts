import { expect, test } from "vitest";
import { Secret } from "#lib/secret";
import { openPostgres, openPostgresForReading } from "../../src/storage/postgres/index.ts";
import { auditStore } from "../../src/storage/stores/index.ts";
import { closing, onPostgres } from "./suite.ts";

const key = (name: string) => ({
  sql: "INSERT INTO audit_key (key_id, mac_key) VALUES (?, ?)",
  values: [name, new Uint8Array(32)],
});

onPostgres("what is asked of a PostgreSQL before anything is written", ({ server, place }) => {
  test("a second gateway on one database is refused, the first goes on, and its place is free once it closed", async () => {
    const where = await place();
    const first = await openPostgres(where);
    const second = openPostgres(where);
    await expect(second).rejects.toMatchObject({ code: "database_in_use" });
    await expect(second).rejects.toThrow(where.database);
    expect(await first.write([key("still here")])).toMatchObject({ kind: "done" });
    await first.close();
    await closing(openPostgres(where));
  });

  test("synchronous_commit switched off for the role or the database is refused, and named", async () => {
    for (const [setting, value] of [
      ["ALTER DATABASE $ SET synchronous_commit", "off"],
      ["ALTER DATABASE $ SET synchronous_commit", "local"],
      ["ALTER ROLE owner IN DATABASE $ SET synchronous_commit", "off"],
      ["ALTER ROLE owner IN DATABASE $ SET synchronous_commit", "remote_write"],
    ] as const) {
      const where = await place();
      await server().ask(`${setting.replace("$", where.database)} = ${value}`);
      const opening = openPostgres(where);
      await expect(opening).rejects.toMatchObject({ code: "database_not_durable" });
      await expect(opening).rejects.toThrow(`synchronous_commit=${value}`);
    }
    const where = await place();
    await server().ask("ALTER ROLE owner SET synchronous_commit = off");
    await expect(openPostgres(where)).rejects.toMatchObject({ code: "database_not_durable" });
    await server().ask("ALTER ROLE owner RESET synchronous_commit");
    await closing(openPostgres(where));
  });

  test("a server without fsync or without full page writes is refused, and named", async () => {
    const where = await place();
    for (const setting of ["fsync", "full_page_writes"]) {
      await server().ask(`ALTER SYSTEM SET ${setting} = off`);
      await server().restart();
      const opening = openPostgres(where);
      await expect(opening).rejects.toMatchObject({ code: "database_not_durable" });
      await expect(opening).rejects.toThrow(`${setting}=off`);
      await server().ask(`ALTER SYSTEM RESET ${setting}`);
    }
    await server().restart();
    await closing(openPostgres(where));
  });

  test("a table that a crash empties is refused, and named", async () => {
    const where = await place();
    await server().ask("ALTER TABLE audit_listing SET UNLOGGED", where.database);
    const opening = openPostgres(where);
    await expect(opening).rejects.toMatchObject({ code: "database_not_durable" });
    await expect(opening).rejects.toThrow("audit_listing");
  });

  test("a database that keeps its text otherwise than in UTF-8 is refused", async () => {
    await server().ask(
      "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    const opening = openPostgres(server().place({ database: "latin" }));
    await expect(opening).rejects.toMatchObject({ code: "database_unsuitable" });
  });

  test("a database of a newer Gatehouse, or one whose migrations were changed, is refused", async () => {
    const newer = await place();
    await server().ask("INSERT INTO migration VALUES (9999, 'later', 'x', 0)", newer.database);
    await expect(openPostgres(newer)).rejects.toMatchObject({ code: "database_newer" });
    await expect(openPostgresForReading(newer)).rejects.toMatchObject({ code: "database_newer" });
    const changed = await place();
    await server().ask("UPDATE migration SET sha256 = 'x' WHERE number = 1", changed.database);
    await expect(openPostgres(changed)).rejects.toMatchObject({ code: "migration_changed" });
  });

  test("a wrong password, an unknown database and a server that is not there are told apart, without the password", async () => {
    const where = await place();
    const cases = [
      [{ ...where, password: new Secret("guessed-wrong") }, /28P01/],
      [{ ...where, password: undefined }, /Cannot use/],
      [{ ...where, database: "nowhere" }, /3D000/],
      [{ ...where, host: "/nowhere" }, /ENOENT/],
    ] as const;
    for (const [there, words] of cases) {
      for (const open of [openPostgres, openPostgresForReading]) {
        const opening = open(there);
        await expect(opening).rejects.toMatchObject({ code: "database_unreachable" });
        await expect(opening).rejects.toThrow(words);
        await expect(opening).rejects.not.toThrow(/guessed-wrong/);
      }
    }
  });

  test("reading beside the one that writes takes no lock, sees what was written, and cannot write", async () => {
    const where = await place();
    const writing = await closing(openPostgres(where));
    const reading = await closing(openPostgresForReading(where));
    await writing.write([key("seen")]);
    expect(await reading.read("SELECT key_id FROM audit_key")).toEqual([{ key_id: "seen" }]);
    await expect(reading.write([key("mine")])).rejects.toMatchObject({ code: "database_statement_refused" });
    await expect(reading.read("DELETE FROM audit_key RETURNING key_id")).rejects.toMatchObject({
      code: "database_statement_refused",
    });
  });

  test("reading a database that is no Gatehouse's changes nothing in it", async () => {
    await server().ask("CREATE DATABASE foreign_one");
    const there = server().place({ database: "foreign_one" });
    await expect(openPostgresForReading(there)).rejects.toMatchObject({ code: "database_foreign" });
    expect(await server().ask("SELECT 1 FROM pg_class WHERE relname = 'migration'", "foreign_one")).toEqual(
      [],
    );
  });

  test("no role empties the log, and no session gets round the triggers by calling itself a replica", async () => {
    const { database } = await place();
    for (const table of ["audit_entry", "audit_checkpoint", "audit_head", "approval_vote"]) {
      await expect(server().ask(`TRUNCATE ${table} CASCADE`, database)).rejects.toThrow(/never deleted/);
    }
    const asReplica = (sql: string) =>
      server().ask(`SET session_replication_role = replica; ${sql}`, database);
    await server().ask("INSERT INTO audit_head VALUES (1, 'a.example/log', 0)", database);
    await expect(asReplica("DELETE FROM audit_head")).rejects.toThrow(/never deleted/);
  });

  test("a role that runs the gateway without owning its tables can append and search, and neither change nor delete", async () => {
    await server().ask("CREATE ROLE runner LOGIN PASSWORD 'run'");
    await server().ask("CREATE DATABASE guarded OWNER owner");
    const runner = {
      ...server().place({ database: "guarded" }),
      user: "runner",
      password: new Secret("run"),
    };
    const owner = { user: "owner", password: server().place().password };
    await expect(openPostgres(runner)).rejects.toMatchObject({ code: "migration_failed" });
    await (await openPostgres(runner, owner)).close();
    // With the tables there, the role that runs needs no other one.
    const database = await closing(openPostgres(runner));
    const store = auditStore(database);
    await store.create("a.example/log");
    const entry = {
      leaf: Buffer.from('{"kind":"a"}'),
      leafHash: new Uint8Array(32),
      attachments: [],
      about: { agent: "a" },
    };
    expect(await store.append(entry)).toEqual({ kind: "stored", index: 0 });
    expect((await store.findEntries({ filter: { agent: "a" }, limit: 1 })).entries).toHaveLength(1);
    for (const sql of [
      "UPDATE audit_entry SET kind = 'b'",
      "DELETE FROM audit_entry",
      "TRUNCATE audit_entry",
      "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
      "DELETE FROM audit_checkpoint",
      "DROP TABLE audit_entry",
      "DELETE FROM migration",
      "UPDATE approval_vote SET verdict = 'approve'",
    ]) {
      await expect(database.write([{ sql, values: [] }]), sql).rejects.toThrow(
        /permission denied|must be owner/,
      );
    }
    // An erasure takes what voters wrote; a trigger sees to it that there was one.
    expect((await database.write([{ sql: "UPDATE approval_vote SET reason = NULL", values: [] }])).kind).toBe(
      "done",
    );
  });
});

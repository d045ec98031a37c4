import { expect, test } from "vitest";
import type { Database } from "../../src/storage/stores/index.ts";

const insert = (key: string) => ({
  sql: "INSERT INTO audit_key (key_id, mac_key) VALUES (?, ?)",
  values: [key, new Uint8Array(32)],
});

/** What the stores need of any database with Gatehouse's tables. */
export function databaseContract(name: string, open: () => Promise<Database>): void {
  const contract = (sentence: string, check: (database: Database) => Promise<void>): void => {
    test(`${name}: ${sentence}`, async () => check(await open()));
  };

  contract(
    "a write that breaks a constraint is undone alone, while its neighbours in the group commit stay",
    async (database) => {
      await database.write([insert("taken")]);
      const results = await Promise.allSettled([
        database.write([insert("first")]),
        database.write([insert("half"), insert("taken")]),
        database.write([insert("last")]),
      ]);
      expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(results[1]).toMatchObject({ reason: { code: "database_statement_refused" } });
      const rows = await database.read("SELECT key_id FROM audit_key ORDER BY key_id");
      expect(rows.map((row) => row["key_id"])).toEqual(["first", "last", "taken"]);
    },
  );

  contract("a write whose row count does not hold is a conflict and leaves nothing", async (database) => {
    const sql = "UPDATE audit_key SET erased_at = 1, mac_key = NULL WHERE key_id = ?";
    const broken = [insert("new"), { sql, values: ["absent"], mustChange: 1 }];
    expect(await database.write(broken)).toEqual({ kind: "conflict", statement: 1 });
    expect(await database.read("SELECT * FROM audit_key")).toEqual([]);
    const results = await Promise.all([database.write([insert("a")]), database.write(broken)]);
    expect(results.map(({ kind }) => kind)).toEqual(["done", "conflict"]);
    expect(await database.read("SELECT key_id FROM audit_key")).toEqual([{ key_id: "a" }]);
  });

  contract("reading cannot write", async (database) => {
    await expect(database.read("INSERT INTO audit_key (key_id) VALUES ('x')")).rejects.toMatchObject({
      code: "database_statement_refused",
    });
    expect(await database.read("SELECT * FROM audit_key")).toEqual([]);
  });

  contract("a statement that is not SQL is refused and the database lives on", async (database) => {
    await expect(database.write([{ sql: "DROP EVERYTHING", values: [] }])).rejects.toMatchObject({
      code: "database_statement_refused",
    });
    expect(await database.write([insert("after")])).toMatchObject({ kind: "done" });
  });

  contract("after closing, everything is refused", async (database) => {
    await database.close();
    await expect(database.read("SELECT 1")).rejects.toMatchObject({ code: "database_closed" });
    await expect(database.write([insert("x")])).rejects.toMatchObject({ code: "database_closed" });
  });

  contract("closing first finishes what was asked before", async (database) => {
    const written = database.write([insert("last words")]);
    await database.close();
    expect(await written).toMatchObject({ kind: "done" });
  });

  contract("a reader sees every write that resolved before it asked", async (database) => {
    for (let n = 1; n <= 20; n += 1) {
      await database.write([insert(`key ${n}`)]);
      expect(await database.read("SELECT count(*) AS n FROM audit_key")).toEqual([{ n }]);
    }
  });

  contract(
    "a caller that reuses its buffer after asking does not change what is written",
    async (database) => {
      const key = new Uint8Array(32).fill(7);
      const written = database.write([
        { sql: "INSERT INTO audit_key (key_id, mac_key) VALUES ('k', ?)", values: [key] },
      ]);
      key.fill(0);
      await written;
      expect(await database.read("SELECT mac_key FROM audit_key")).toEqual([
        { mac_key: new Uint8Array(32).fill(7) },
      ]);
    },
  );

  contract("values come back as they went in: nothing, text, whole numbers, bytes", async (database) => {
    const columns =
      "id, principal_id, issuer, subject, email, groups, agent, connection, started_at, ends_at, stopped_at";
    const sql = `INSERT INTO session (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const values = ["id", "p", "ü\u2028'\"\\", "s", null, "[]", "a", null, 0, Number.MAX_SAFE_INTEGER, -1];
    await database.write([{ sql, values }]);
    const [row] = await database.read(`SELECT ${columns} FROM session`);
    expect(Object.values(row ?? {})).toEqual(values);
  });

  contract(
    "what is on record cannot be changed, deleted, skipped or reordered by any statement",
    async (database) => {
      const leaf = Buffer.from('{"kind":"a"}');
      const entry = "INSERT INTO audit_entry (entry_index, leaf, leaf_hash) VALUES (?, ?, ?)";
      const hash = new Uint8Array(32);
      const checkpoint = "INSERT INTO audit_checkpoint (size, note, signed_at) VALUES (?, 'note', 0)";
      await database.write([
        {
          sql: "INSERT INTO audit_head (one, origin, next_index) VALUES (1, 'a.example/log', 2)",
          values: [],
        },
        { sql: entry, values: [0, leaf, hash] },
        { sql: entry, values: [1, leaf, hash] },
        { sql: checkpoint, values: [2] },
      ]);
      for (const [sql, ...values] of [
        ["UPDATE audit_entry SET leaf = leaf WHERE entry_index = 1"],
        ["UPDATE audit_entry SET entry_index = 99 WHERE entry_index = 1"],
        ["DELETE FROM audit_entry WHERE entry_index = 1"],
        [entry, 99, leaf, hash],
        [entry, 1, leaf, hash],
        [`${entry} ON CONFLICT (entry_index) DO UPDATE SET leaf = excluded.leaf`, 1, leaf, hash],
        [entry, 2, new Uint8Array(), hash],
        [entry, 2, Buffer.alloc(70_000, " "), hash],
        [entry, 2, Buffer.from("not JSON"), hash],
        ["UPDATE audit_head SET next_index = 1"],
        ["UPDATE audit_head SET origin = 'other.example/log'"],
        ["DELETE FROM audit_head"],
        ["UPDATE audit_checkpoint SET note = 'forged'"],
        ["DELETE FROM audit_checkpoint"],
        [checkpoint, 1],
      ] as const) {
        await expect(database.write([{ sql, values }]), sql).rejects.toMatchObject({
          code: "database_statement_refused",
        });
      }
    },
  );
}

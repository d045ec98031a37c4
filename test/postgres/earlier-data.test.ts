import { Client } from "pg";
import { openPostgres } from "../../src/storage/postgres/index.ts";
import { migrate, readMigrations } from "../../src/storage/postgres/migrate.ts";
import { clientConfig } from "../../src/storage/postgres/session.ts";
import { earlierDataContract } from "../contracts/earlier-data.ts";
import { closing, onPostgres } from "./suite.ts";

onPostgres("rows that an earlier Gatehouse wrote", ({ server }) => {
  let databases = 0;
  earlierDataContract("PostgreSQL", {
    bytes: (text) => `convert_to('${text}', 'UTF8')`,
    opened: async (migrations, rows) => {
      databases += 1;
      await server().ask(`CREATE DATABASE earlier_${databases}`);
      const place = server().place({ database: `earlier_${databases}` });
      const client = new Client(clientConfig(place, "write"));
      await client.connect();
      await migrate(client, readMigrations().slice(0, migrations));
      for (const row of rows) await client.query(row);
      await client.end();
      return closing(openPostgres(place));
    },
  });
});

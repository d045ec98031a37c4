import { sqliteAuditStore, sqliteSinkStore } from "../../src/storage/sqlite/index.ts";
import { sinkStoreContract } from "./sink-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

sinkStoreContract("SQLite", async () => {
  const database = await temporaryDatabase();
  return { audit: sqliteAuditStore(database), sinks: sqliteSinkStore(database) };
});

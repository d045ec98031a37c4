import { auditStore, sinkStore } from "../../src/storage/stores/index.ts";
import { sinkStoreContract } from "./sink-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

sinkStoreContract("SQLite", async () => {
  const database = await temporaryDatabase();
  return { audit: auditStore(database), sinks: sinkStore(database) };
});

import { sqliteArchiveStore } from "../../src/storage/sqlite/index.ts";
import { archiveStoreContract } from "./archive-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

archiveStoreContract("SQLite", async () => sqliteArchiveStore(await temporaryDatabase()));

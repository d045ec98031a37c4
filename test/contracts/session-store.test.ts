import { sqliteSessionStore } from "../../src/storage/sqlite/index.ts";
import { sessionStoreContract } from "./session-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

sessionStoreContract("SQLite", async () => sqliteSessionStore(await temporaryDatabase()));

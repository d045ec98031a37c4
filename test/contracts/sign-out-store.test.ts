import { sqliteSignOutStore } from "../../src/storage/sqlite/index.ts";
import { signOutStoreContract } from "./sign-out-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

signOutStoreContract("SQLite", async (clock) => sqliteSignOutStore(await temporaryDatabase(), clock));

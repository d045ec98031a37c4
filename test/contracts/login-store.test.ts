import { sqliteLoginStore } from "../../src/storage/sqlite/index.ts";
import { loginStoreContract } from "./login-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

loginStoreContract("SQLite", async () => sqliteLoginStore(await temporaryDatabase()));

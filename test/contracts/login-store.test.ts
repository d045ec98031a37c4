import { loginStore } from "../../src/storage/stores/index.ts";
import { loginStoreContract } from "./login-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

loginStoreContract("SQLite", async () => loginStore(await temporaryDatabase()));

import { sqliteCosignatureStore } from "../../src/storage/sqlite/index.ts";
import { cosignatureStoreContract } from "./cosignature-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

cosignatureStoreContract("SQLite", async () => sqliteCosignatureStore(await temporaryDatabase()));

import { cosignatureStore } from "../../src/storage/stores/index.ts";
import { cosignatureStoreContract } from "./cosignature-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

cosignatureStoreContract("SQLite", async () => cosignatureStore(await temporaryDatabase()));

import { archiveStore } from "../../src/storage/stores/index.ts";
import { archiveStoreContract } from "./archive-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

archiveStoreContract("SQLite", async () => archiveStore(await temporaryDatabase()));

import { sessionStore } from "../../src/storage/stores/index.ts";
import { askingSessionsContract, sessionStoreContract } from "./session-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

sessionStoreContract("SQLite", async () => sessionStore(await temporaryDatabase()));
askingSessionsContract("SQLite", temporaryDatabase);

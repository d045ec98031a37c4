import { custodyStoreContract } from "./custody-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

custodyStoreContract("SQLite", temporaryDatabase);

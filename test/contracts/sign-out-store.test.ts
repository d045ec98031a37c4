import { signOutStore } from "../../src/storage/stores/index.ts";
import { signOutStoreContract } from "./sign-out-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

signOutStoreContract("SQLite", async (clock) => signOutStore(await temporaryDatabase(), clock));

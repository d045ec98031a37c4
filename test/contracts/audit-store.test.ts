import { auditStore } from "../../src/storage/stores/index.ts";
import { memoryAuditStore } from "../fakes/memory-audit-store.ts";
import { auditStoreContract } from "./audit-store.ts";
import { entrySearchContract } from "./entry-search.ts";
import { temporaryDatabase } from "./temporary-database.ts";

auditStoreContract("SQLite", async () => auditStore(await temporaryDatabase()));
// The fake that other tests tamper with must be as good as the real thing.
auditStoreContract("the fake in memory", async () => memoryAuditStore());

entrySearchContract("SQLite", async () => auditStore(await temporaryDatabase()));
entrySearchContract("the fake in memory", async () => memoryAuditStore());

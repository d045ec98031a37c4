import { sqliteAuditStore } from "../../src/storage/sqlite/index.ts";
import { memoryAuditStore } from "../fakes/memory-audit-store.ts";
import { auditStoreContract } from "./audit-store.ts";
import { entrySearchContract } from "./entry-search.ts";
import { temporaryDatabase } from "./temporary-database.ts";

auditStoreContract("SQLite", async () => sqliteAuditStore(await temporaryDatabase()));
// The fake that other tests tamper with must be as good as the real thing.
auditStoreContract("the fake in memory", async () => memoryAuditStore());

entrySearchContract("SQLite", async () => sqliteAuditStore(await temporaryDatabase()));
entrySearchContract("the fake in memory", async () => memoryAuditStore());

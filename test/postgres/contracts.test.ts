import {
  approvalStore,
  auditStore,
  loginStore,
  sessionStore,
  spentAssertions,
} from "../../src/storage/stores/index.ts";
import { approvalStoreContract } from "../contracts/approval-store.ts";
import { auditStoreContract } from "../contracts/audit-store.ts";
import { databaseContract } from "../contracts/database.ts";
import { entrySearchContract } from "../contracts/entry-search.ts";
import { loginStoreContract } from "../contracts/login-store.ts";
import { sessionStoreContract } from "../contracts/session-store.ts";
import { spentAssertionsContract } from "../contracts/spent-assertions.ts";
import { onPostgres } from "./suite.ts";

onPostgres("the contracts of the stores", ({ opened }) => {
  databaseContract("PostgreSQL", opened);
  auditStoreContract("PostgreSQL", async () => auditStore(await opened()));
  entrySearchContract("PostgreSQL", async () => auditStore(await opened()));
  approvalStoreContract("PostgreSQL", async () => approvalStore(await opened()));
  sessionStoreContract("PostgreSQL", async () => sessionStore(await opened()));
  loginStoreContract("PostgreSQL", async () => loginStore(await opened()));
  spentAssertionsContract("PostgreSQL", async (clock) => spentAssertions(await opened(), clock));
});

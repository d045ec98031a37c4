import { expect, test } from "vitest";
import {
  approvalStore,
  archiveStore,
  auditStore,
  cosignatureStore,
  loginStore,
  sessionStore,
  signOutStore,
  sinkStore,
  spentAssertions,
} from "../../src/storage/stores/index.ts";
import { approvalStoreContract } from "../contracts/approval-store.ts";
import { archiveStoreContract } from "../contracts/archive-store.ts";
import { auditStoreContract } from "../contracts/audit-store.ts";
import { cosignatureStoreContract } from "../contracts/cosignature-store.ts";
import { custodyStoreContract } from "../contracts/custody-store.ts";
import { databaseContract } from "../contracts/database.ts";
import { entrySearchContract } from "../contracts/entry-search.ts";
import { loginStoreContract } from "../contracts/login-store.ts";
import { askingSessionsContract, sessionStoreContract } from "../contracts/session-store.ts";
import { signOutStoreContract } from "../contracts/sign-out-store.ts";
import { sinkStoreContract } from "../contracts/sink-store.ts";
import { spentAssertionsContract } from "../contracts/spent-assertions.ts";
import { onPostgres } from "./suite.ts";

onPostgres("the contracts of the stores", ({ opened }) => {
  databaseContract("PostgreSQL", opened);
  auditStoreContract("PostgreSQL", async () => auditStore(await opened()));
  entrySearchContract("PostgreSQL", async () => auditStore(await opened()));
  approvalStoreContract("PostgreSQL", async () => approvalStore(await opened()));
  sessionStoreContract("PostgreSQL", async () => sessionStore(await opened()));
  askingSessionsContract("PostgreSQL", opened);
  loginStoreContract("PostgreSQL", async () => loginStore(await opened()));
  spentAssertionsContract("PostgreSQL", async (clock) => spentAssertions(await opened(), clock));
  archiveStoreContract("PostgreSQL", async () => archiveStore(await opened()));
  cosignatureStoreContract("PostgreSQL", async () => cosignatureStore(await opened()));
  custodyStoreContract("PostgreSQL", opened);
  test("what is read is planned once, whatever the values: planning a page of a long log takes longer than the page", async () => {
    const database = await opened();
    const store = auditStore(database);
    for (let n = 0; n < 8; n += 1)
      await store.findEntries({ filter: { principal: `person-${n}@example.com` }, limit: 50 });
    const counted = await database.read(
      "SELECT sum(generic_plans) AS once, sum(custom_plans) AS anew FROM pg_prepared_statements",
    );
    expect(counted[0]).toMatchObject({ anew: 0 });
    expect(counted[0]?.["once"]).toBeGreaterThanOrEqual(8);
  });
  signOutStoreContract("PostgreSQL", async (clock) => signOutStore(await opened(), clock));
  sinkStoreContract("PostgreSQL", async () => {
    const database = await opened();
    return { audit: auditStore(database), sinks: sinkStore(database) };
  });
});

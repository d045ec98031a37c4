import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { DataKeys } from "#audit";
import type { RecordingsConfiguration } from "#config";
import { systemClock as clock } from "#lib/clock";
import { startFakeKms } from "../../test/fakes/kms.ts";
import { memoryAuditStore } from "../../test/fakes/memory-audit-store.ts";
import { openDataFolder } from "./data-folder.ts";
import { openKeyProviders } from "./key-providers.ts";

const key = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

const idOf = ({ id }: { readonly id: string }): string => id;

test("whoever moves from the key file to Cloud KMS still opens what the file wrapped", async () => {
  const path = mkdtempSync(join(tmpdir(), "gatehouse-providers-"));
  const kms = await startFakeKms(key);
  const opened = new AsyncDisposableStack();
  onTestFinished(async () => {
    await opened.disposeAsync();
    await kms.close();
    rmSync(path, { recursive: true });
  });
  const store = memoryAuditStore();
  const keysWith = async (keys: RecordingsConfiguration["keys"]): Promise<DataKeys> =>
    new DataKeys(store, await openKeyProviders({ keys }, { folder: openDataFolder(path), clock, opened }));
  await (await keysWith({ provider: "file" })).keyFor({ sessionId: "ses_1", at: clock.now() }, store, idOf);

  const moved = await keysWith({
    provider: "google_kms",
    key,
    former_keys: [],
    identity: { kind: "none" },
    endpoint: kms.url,
  });
  await moved.keyFor({ sessionId: "ses_2", at: clock.now() }, store, idOf);
  expect(store.dataKeys.get("ses_1")).toMatchObject({ by: "file" });
  expect(store.dataKeys.get("ses_2")).toMatchObject({ by: `google_kms:${key}` });
  expect(await moved.find("ses_1", idOf)).toMatchObject({ kind: "used" });
  // Whoever reads later, with nothing remembered.
  const later = await keysWith({
    provider: "google_kms",
    key,
    former_keys: [],
    identity: { kind: "none" },
    endpoint: kms.url,
  });
  expect(await later.find("ses_2", idOf)).toMatchObject({ kind: "used" });
  expect(await (await keysWith({ provider: "file" })).find("ses_2", idOf)).toMatchObject({
    kind: "locked",
    code: "wrapping_key_missing",
  });
});

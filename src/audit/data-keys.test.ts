import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { fakeKeyProvider } from "../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { memoryAuditStore } from "../../test/fakes/memory-audit-store.ts";
import type { DataKey } from "./data-key.ts";
import { DataKeys } from "./data-keys.ts";
import type { KeyProvider } from "./key-provider.ts";
import { openAuditLog } from "./log.ts";
import { openAuditReader } from "./reader.ts";

async function opened(provider = fakeKeyProvider(), store = memoryAuditStore()) {
  const keys = new DataKeys(store, [provider]);
  const failures: unknown[] = [];
  const log = await openAuditLog({
    store,
    keys,
    signer: newLogSigner(),
    clock: manualClock(),
    timer: manualTimer(),
    onFailed: (error) => failures.push(error),
  });
  return { log, store, keys, provider, failures };
}

const idOf = ({ id }: DataKey): string => id;

/** Somebody who keeps what was only lent. */
async function takenAway(keys: DataKeys, id: string): Promise<DataKey> {
  const finding = await keys.find(id, (key) => key);
  if (finding.kind !== "used") throw new Error(finding.kind);
  return finding.value;
}

function expectOverwritten(key: DataKey): void {
  const place = { recordId: "rec_1", role: "detail" };
  for (const use of ["seal", "open", "mac"] as const)
    expect(() => key[use](Buffer.alloc(40), place)).toThrow(`The records of ${key.id} were erased`);
}

const intent = (sessionId: string, n = 1) => ({
  kind: "exchange.intent" as const,
  sessionId,
  exchangeId: `exc_${sessionId}_${n}`,
  detail: { host: "storage.googleapis.com" },
});

test("while the key provider is away new sessions are refused, running ones go on, and the log lives", async () => {
  const { log, provider, failures } = await opened();
  await log.append(intent("ses_1"));
  provider.isAway = true;
  await expect(log.append(intent("ses_2"))).rejects.toMatchObject({
    code: "audit_refused",
    message: expect.stringContaining("The fake is away.") as string,
  });
  await log.append(intent("ses_1", 2));
  provider.isAway = false;
  await log.append(intent("ses_2"));
  expect(failures).toEqual([]);
});

test("a key is wrapped once a session, however many entries wait for it at once", async () => {
  const { log, provider } = await opened();
  await Promise.all(Array.from({ length: 50 }, (_, n) => log.append(intent("ses_1", n))));
  expect(provider.calls).toEqual({ wrap: 1, unwrap: 0 });
});

test("entries outside sessions are under the day's key, and so is what must outlive a session", async () => {
  const { log, store } = await opened();
  await log.append({ kind: "audit.read", detail: { what: "sessions" } });
  await log.append({ kind: "hold.set", sessionId: "ses_1", detail: {}, isKeptFromErasure: true });
  expect([...store.dataKeys.keys()]).toEqual(["2026-11-24"]);
  expect(Buffer.from(store.stored[2]?.leaf ?? []).toString()).toContain(
    '"session":"ses_1","key":"2026-11-24"',
  );
});

test("another provider unwraps nothing, and a wrapped key moved to another session is found", async () => {
  const { log, store, provider } = await opened();
  await log.append(intent("ses_1"));
  expect(await new DataKeys(store, [fakeKeyProvider("other")]).find("ses_1", idOf)).toMatchObject({
    kind: "locked",
    code: "wrapping_key_missing",
  });
  expect(await new DataKeys(store, []).find("ses_1", idOf)).toMatchObject({ kind: "locked" });
  const wrapped = store.dataKeys.get("ses_1");
  if (wrapped !== undefined) store.dataKeys.set("ses_2", wrapped);
  expect(await new DataKeys(store, [provider]).find("ses_2", idOf)).toMatchObject({
    kind: "locked",
    code: "wrapped_key_broken",
  });
});

test("a key that was forgotten seals, opens and confirms nothing any more, whoever still has it", async () => {
  const { log, keys } = await opened();
  await log.append(intent("ses_1"));
  const key = await takenAway(keys, "ses_1");
  keys.forget("ses_1");
  await Promise.resolve();
  expectOverwritten(key);
});

test("a key that was asked for before its erasure and answered after it is neither lent nor kept", async () => {
  const { log, store, provider } = await opened();
  await log.append(intent("ses_1"));
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = {
    head: () => store.head(),
    dataKey: async (id: string) => {
      const found = await store.dataKey(id);
      asked.resolve();
      await answered.promise;
      return found;
    },
  };
  const keys = new DataKeys(slow, [provider]);
  const finding = keys.find("ses_1", idOf);
  await asked.promise;
  store.dataKeys.set("ses_1", { kind: "erased" });
  keys.forget("ses_1");
  answered.resolve();
  expect(await finding).toEqual({ kind: "erased" });
  expect(await keys.find("ses_1", idOf)).toEqual({ kind: "erased" });
});

test("a key that was being unwrapped while it was erased is overwritten as soon as it is there", async () => {
  const { log, store, provider } = await opened();
  await log.append(intent("ses_1"));
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: KeyProvider = {
    name: provider.name,
    wrap: (key, of) => provider.wrap(key, of),
    unwrap: async (wrapped, of) => {
      asked.resolve();
      await answered.promise;
      return provider.unwrap(wrapped, of);
    },
  };
  const keys = new DataKeys(store, [slow]);
  const taken = takenAway(keys, "ses_1");
  await asked.promise;
  store.dataKeys.set("ses_1", { kind: "erased" });
  keys.forget("ses_1");
  answered.resolve();
  const key = await taken;
  await Promise.resolve();
  expectOverwritten(key);
});

test("two who ask for one key at once share it, so that none of two copies outlives an erasure", async () => {
  const { log, store, provider } = await opened();
  await log.append(intent("ses_1"));
  const keys = new DataKeys(store, [provider]);
  const [one, other] = await Promise.all([takenAway(keys, "ses_1"), takenAway(keys, "ses_1")]);
  expect(one).toBe(other);
  expect(provider.calls.unwrap).toBe(1);
});

test("a key that makes room for others is overwritten, and whoever was using it is not cut short", async () => {
  const { log, store, provider } = await opened();
  await log.append(intent("ses_1"));
  const keys = new DataKeys(store, [provider]);
  const key = await takenAway(keys, "ses_1");
  const at = new Date();
  const fill = (n: number) => keys.keyFor({ sessionId: `ses_x${n}`, at }, store, idOf);
  for (let n = 0; n < limits.dataKeysRememberedMax; n += 1) await fill(n);
  expectOverwritten(key);
  // The last user of the next one to go is still waiting for it.
  const using = keys.find("ses_x0", (used) =>
    used.mac(Buffer.alloc(1), { recordId: "rec_1", role: "detail" }),
  );
  for (let n = 0; n <= limits.dataKeysRememberedMax; n += 1) void fill(limits.dataKeysRememberedMax + n);
  expect(await using).toMatchObject({ kind: "used" });
});

test("another provider's name beside a wrapped key does not hide who wrapped it", async () => {
  const { log, store, provider } = await opened();
  await log.append(intent("ses_1"));
  const wrapped = store.dataKeys.get("ses_1");
  if (wrapped?.kind !== "wrapped") throw new Error("a key was kept");
  store.dataKeys.set("ses_1", { ...wrapped, by: "google_kms:projects/p" });
  expect(await new DataKeys(store, [provider]).find("ses_1", idOf)).toMatchObject({
    kind: "locked",
    code: "wrapped_key_broken",
    why: "The key of ses_1 was wrapped by fake, and is said to be wrapped by google_kms:projects/p.",
  });
});

test("a new provider wraps what comes, and the one before still opens what was", async () => {
  const before = await opened();
  await before.log.append(intent("ses_1"));
  const [older, newer] = [before.provider, fakeKeyProvider("newer")];
  const keys = new DataKeys(before.store, [newer, older]);
  expect(await keys.find("ses_1", idOf)).toEqual({ kind: "used", value: "ses_1" });
  await keys.keyFor({ sessionId: "ses_2", at: new Date() }, before.store, idOf);
  expect(before.store.dataKeys.get("ses_2")).toMatchObject({ by: "newer" });
});

test("the store holds neither what was said nor the key it was sealed with, and readers see it all", async () => {
  const seen: Uint8Array[] = [];
  const provider = fakeKeyProvider();
  const spying = {
    ...provider,
    wrap: (key: Uint8Array, of: { origin: string; keyId: string }) => {
      seen.push(new Uint8Array(key));
      return provider.wrap(key, of);
    },
  };
  const store = memoryAuditStore();
  const { log, keys } = await opened({ ...spying, calls: provider.calls, isAway: false }, store);
  await log.append({
    ...intent("ses_1"),
    detail: { resource: "canary-resource", principal: "canary@example.com" },
    attachments: [{ role: "request", bytes: Buffer.from("canary recording"), isTruncated: false }],
  });
  const kept = Buffer.concat([
    ...store.beside.map(({ bytes }) => bytes ?? new Uint8Array()),
    ...store.stored.map(({ leaf }) => leaf),
    ...[...store.dataKeys.values()].map((each) => (each.kind === "wrapped" ? each.bytes : new Uint8Array())),
  ]);
  expect(kept.includes("canary")).toBe(false);
  expect(seen).toHaveLength(1);
  for (const key of seen) expect(kept.includes(Buffer.from(key))).toBe(false);
  const exchange = await openAuditReader(store, keys).exchange("exc_ses_1_1");
  expect(exchange?.resource).toBe("canary-resource");
  expect(Buffer.from(exchange?.request ?? []).toString()).toBe("canary recording");
});

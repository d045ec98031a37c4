import { expect, onTestFinished, test } from "vitest";
import { openGoogleApi } from "#connections";
import { systemClock } from "#lib/clock";
import { startFakeKms } from "../../test/fakes/kms.ts";
import { kmsKeyProvider } from "./kms-key-provider.ts";

const keyName = "projects/p/locations/global/keyRings/gatehouse/cryptoKeys/recordings";
const name = { origin: "gateway.example/audit", keyId: "ses_1" };
const dataKey = Buffer.alloc(32, 7);

/** A fake of Cloud KMS, spoken to over loopback through the egress guard as the real one would be. */
async function opened() {
  const kms = await startFakeKms(keyName);
  const api = openGoogleApi(
    "recordings",
    { identity: { kind: "none" }, endpoint: new URL(kms.url) },
    systemClock,
  );
  onTestFinished(async () => {
    await api.close();
    await kms.close();
  });
  return { kms, provider: kmsKeyProvider(keyName, api.post) };
}

const unavailable = { code: "key_provider_unavailable" };

test.each<[string, (answer: Record<string, unknown>) => Record<string, unknown>]>([
  ["a ciphertext that was damaged", (answer) => ({ ...answer, ciphertext: "AAAA" })],
  ["a plaintext that it did not get whole", (answer) => ({ ...answer, verifiedPlaintextCrc32c: false })],
  ["no word about the associated data", ({ verifiedAdditionalAuthenticatedDataCrc32c: _, ...rest }) => rest],
  [
    "another key than asked for",
    (answer) => ({ ...answer, name: "projects/q/cryptoKeys/x/cryptoKeyVersions/1" }),
  ],
  ["something else", () => ({})],
])("an answer with %s wraps nothing", async (_, tamper) => {
  const { kms, provider } = await opened();
  kms.tamper = tamper;
  await expect(provider.wrap(dataKey, name)).rejects.toMatchObject(unavailable);
});

test("a plaintext that was damaged on the way back is not taken for the key", async () => {
  const { kms, provider } = await opened();
  const wrapped = await provider.wrap(dataKey, name);
  kms.tamper = (answer) => ({ ...answer, plaintext: Buffer.alloc(32, 8).toString("base64") });
  await expect(provider.unwrap(wrapped, name)).rejects.toMatchObject(unavailable);
});

test("a wrapped key that was changed, or moved to another session or log, is refused by the service", async () => {
  const { provider } = await opened();
  const wrapped = await provider.wrap(dataKey, name);
  const changed = Buffer.from(wrapped).fill(0, 20, 24);
  for (const [bytes, of] of [
    [changed, name],
    [wrapped, { ...name, keyId: "ses_2" }],
    [wrapped, { ...name, origin: "other.example/audit" }],
  ] as const)
    await expect(provider.unwrap(bytes, of)).rejects.toMatchObject({ code: "wrapped_key_broken" });
});

test("a service that stumbles is asked once more, and one that is down is said to be", async () => {
  const { kms, provider } = await opened();
  kms.failures.push(503);
  await provider.wrap(dataKey, name);
  expect(kms.asked).toHaveLength(2);
  kms.failures.push(503, 503);
  await expect(provider.wrap(dataKey, name)).rejects.toMatchObject({
    ...unavailable,
    message: `Cloud KMS cannot be used: it answered 503 to encrypt with ${keyName}.`,
  });
  kms.failures.push(403);
  await expect(provider.wrap(dataKey, name)).rejects.toMatchObject(unavailable);
  expect(kms.asked).toHaveLength(5);
  await kms.close().then(() => undefined);
  await expect(provider.wrap(dataKey, name)).rejects.toMatchObject(unavailable);
});

test("a key is wrapped with the log's and its own name as associated data, and comes back", async () => {
  const { kms, provider } = await opened();
  const wrapped = await provider.wrap(dataKey, name);
  expect(Buffer.from(wrapped).includes(dataKey)).toBe(false);
  expect(Buffer.from(await provider.unwrap(wrapped, name)).equals(dataKey)).toBe(true);
  expect(kms.asked.map(({ path }) => path)).toEqual([`/v1/${keyName}:encrypt`, `/v1/${keyName}:decrypt`]);
  expect(kms.asked[0]?.body).toMatchObject({
    additionalAuthenticatedData: Buffer.from("gatehouse-data-key/v1\ngateway.example/audit\nses_1").toString(
      "base64",
    ),
  });
});

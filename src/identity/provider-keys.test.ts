import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { readPart, startTokenIssuer } from "../../test/fakes/token-issuer.ts";
import { ProviderKeys } from "./provider-keys.ts";

async function underTest() {
  const clock = manualClock();
  const issuer = await startTokenIssuer(clock);
  const keys = new ProviderKeys({ ...issuer.settings, fetchJson: issuer.network.fetchJson, clock });
  const kid = async (): Promise<string> => {
    const token = await issuer.idToken("agent", { email: "a@example.com", groups: [] });
    return String(readPart(token, "header")["kid"]);
  };
  const find = async (id: string) => (await keys.find({ alg: "ES256", kid: id })).kind;
  return { clock, issuer, kid, find };
}

/** Discovery and key set. */
const once = 2;

test("an unreachable provider proves nobody, and is not asked again within 30 seconds", async () => {
  const { clock, issuer, kid, find } = await underTest();
  issuer.isDown = true;
  const id = await kid();
  expect(await find(id)).toBe("provider_unavailable");
  expect(await find(id)).toBe("provider_unavailable");
  expect(issuer.fetched).toHaveLength(1);
  issuer.isDown = false;
  expect(await find(id)).toBe("provider_unavailable");
  clock.pass(limits.providerKeysPauseMs);
  expect(await find(id)).toBe("key");
});

test("a discovery document that names another issuer proves nobody", async () => {
  const { issuer, kid, find } = await underTest();
  issuer.discovery = { issuer: "https://login.example.com/" };
  expect(await find(await kid())).toBe("provider_unavailable");
  expect(issuer.fetched).toHaveLength(1);
});

test.each([
  ["without keys", {}],
  ["with a symmetric key", { keys: [{ kty: "oct", k: "AAAA" }] }],
])("a key set %s proves nobody", async (_name, jwks) => {
  const { issuer, kid, find } = await underTest();
  issuer.jwks = jwks;
  expect(await find(await kid())).toBe("provider_unavailable");
});

test("a thousand invented key ids cost the provider one fetch in 30 seconds", async () => {
  const { clock, issuer, kid, find } = await underTest();
  await find(await kid());
  clock.pass(limits.providerKeysPauseMs);
  for (let each = 0; each < 1_000; each += 1) expect(await find(`invented-${each}`)).toBe("unknown");
  expect(issuer.fetched).toHaveLength(2 * once);
});

test("an unknown key id is remembered as such, and not asked for again at once", async () => {
  const { clock, issuer, kid, find } = await underTest();
  await find(await kid());
  clock.pass(limits.providerKeysPauseMs);
  await find("invented");
  clock.pass(limits.providerKeysPauseMs);
  await find("invented");
  expect(issuer.fetched).toHaveLength(2 * once);
});

test("an unknown key id while the provider is down is not called a forgery", async () => {
  const { clock, issuer, kid, find } = await underTest();
  await find(await kid());
  clock.pass(limits.providerKeysPauseMs);
  issuer.isDown = true;
  expect(await find("perhaps-rotated")).toBe("provider_unavailable");
});

test("the last good keys serve for an hour while the provider is down, and no longer", async () => {
  const { clock, issuer, kid, find } = await underTest();
  const id = await kid();
  await find(id);
  issuer.isDown = true;
  clock.pass(limits.providerKeysStaleMs);
  expect(await find(id)).toBe("key");
  clock.pass(1);
  expect(await find(id)).toBe("provider_unavailable");
});

test("a withdrawn key stops counting after ten minutes", async () => {
  const { clock, issuer, kid, find } = await underTest();
  const id = await kid();
  await find(id);
  await issuer.rotateKeys();
  clock.pass(limits.providerKeysFreshMs + 1);
  expect(await find(id)).toBe("unknown");
});

test("a key that was rotated in just before signing is found by one more fetch", async () => {
  const { clock, issuer, kid, find } = await underTest();
  await find(await kid());
  await issuer.rotateKeys();
  clock.pass(limits.providerKeysPauseMs);
  expect(await find(await kid())).toBe("key");
  expect(issuer.fetched).toHaveLength(2 * once);
});

test("a key that was rotated in while strangers' key ids used up the fetch is found right after the pause", async () => {
  const { clock, issuer, kid, find } = await underTest();
  await find(await kid());
  clock.pass(limits.providerKeysPauseMs);
  await find("invented");
  await issuer.rotateKeys();
  const rotatedIn = await kid();
  expect(await find(rotatedIn)).toBe("unknown");
  clock.pass(limits.providerKeysPauseMs);
  expect(await find(rotatedIn)).toBe("key");
});

test("many who ask at once wait for the same fetch", async () => {
  const { issuer, kid, find } = await underTest();
  const id = await kid();
  expect(await Promise.all(Array.from({ length: 50 }, () => find(id)))).toEqual(Array(50).fill("key"));
  expect(issuer.fetched).toHaveLength(once);
});

import { expect, test } from "vitest";
import type { Login, LoginStore } from "#identity";

const principal = {
  id: "principal-1",
  issuer: "https://login.example.com",
  subject: "sub-1",
  email: "developer@example.com",
  groups: ["engineering", "büro"],
};

function login(changes: Partial<Login> = {}): Login {
  return {
    digest: "digest-1",
    principal,
    machine: "laptop",
    startedAt: new Date(1_000),
    endsAt: new Date(2_000),
    revokedAt: undefined,
    ...changes,
  };
}

/** What every store of logins keeps, whatever engine it stands on. */
export function loginStoreContract(engine: string, open: () => Promise<LoginStore>): void {
  test(`${engine}: a login is found as it was written, without an e-mail too`, async () => {
    const store = await open();
    const nameless = login({ digest: "digest-2", principal: { ...principal, email: undefined } });
    await store.insert(login());
    await store.insert(nameless);
    expect(await store.find("digest-1")).toEqual(login());
    expect(await store.find("digest-2")).toEqual(nameless);
    expect(await store.find("digest-3")).toBeUndefined();
  });

  test(`${engine}: a login is revoked once, by its token, its principal or with all others`, async () => {
    const store = await open();
    const other = { ...principal, id: "principal-2", email: "other@example.com" };
    await store.insert(login());
    await store.insert(login({ digest: "digest-2" }));
    await store.insert(login({ digest: "digest-3", principal: other }));
    const at = new Date(1_500);
    expect(await store.revoke({ digest: "digest-1" }, at)).toBe(1);
    expect(await store.revoke({ digest: "digest-1" }, new Date(1_600))).toBe(0);
    expect((await store.find("digest-1"))?.revokedAt).toEqual(at);
    expect(await store.revoke({ principal: "principal-1" }, at)).toBe(1);
    expect(await store.revoke({ principal: "stranger@example.com" }, at)).toBe(0);
    expect(await store.revoke({ principal: "other@example.com" }, at)).toBe(1);
    await store.insert(login({ digest: "digest-5" }));
    expect(await store.revoke({ principal: "Developer@Example.COM" }, at)).toBe(1);
    const withUmlaut = { ...principal, email: "JÜRGEN@example.com" };
    await store.insert(login({ digest: "digest-7", principal: withUmlaut }));
    expect(await store.revoke({ principal: "jürgen@example.com" }, at)).toBe(1);
    await store.insert(login({ digest: "digest-6" }));
    expect(await store.revoke({ issuer: principal.issuer.toUpperCase() }, at)).toBe(0);
    expect(await store.revoke({ issuer: principal.issuer }, at)).toBe(1);
    await store.insert(login({ digest: "digest-4" }));
    expect(await store.revoke("all", at)).toBe(1);
    expect((await store.find("digest-3"))?.revokedAt).toEqual(at);
  });
}

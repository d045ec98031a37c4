import { expect, test } from "vitest";
import type { Claims } from "./claim-path.ts";
import { type ClaimsMapping, judgePerson, type PersonRules, standardClaims } from "./person-claims.ts";
import type { IdentityVerdict } from "./proven-identity.ts";

const now = new Date("2026-11-28T12:00:00Z");
const rules: PersonRules = {
  issuer: "https://login.example.com",
  clients: { agent: "a", console: "c", web: "w" },
  audiences: ["api://gatehouse", "api://other"],
  claims: standardClaims,
  stepUpAcr: undefined,
  trust: { groups: undefined, emailDomains: undefined },
};
const honest: Claims = { sub: "s", aud: "a", exp: now.getTime() / 1000 + 60 };

function judge(claims: Claims, mapping: Partial<ClaimsMapping> = {}): IdentityVerdict {
  const all = { ...rules, claims: { ...standardClaims, ...mapping } };
  return judgePerson({ ...honest, ...claims }, all, { clients: ["agent"], now });
}

function principalOf(verdict: IdentityVerdict) {
  if (verdict.kind === "refused") throw new Error(verdict.detail);
  return verdict.identity.principal;
}

const codeOf = (verdict: IdentityVerdict): string => (verdict.kind === "refused" ? verdict.code : "proven");

test.each<[string, Claims]>([
  ["a resource of ours, issued to nobody it names", { aud: "api://gatehouse" }],
  ["a resource of ours, issued to a stranger", { aud: "api://gatehouse", azp: "evil" }],
  ["a resource of ours, issued to the console", { aud: "api://gatehouse", azp: "c" }],
  ["a resource of ours, which issued it to itself", { aud: "api://gatehouse", azp: "api://gatehouse" }],
  ["a resource of ours and a stranger", { aud: ["api://gatehouse", "evil"], azp: "a" }],
  ["the console and a resource, issued to the agent", { aud: ["c", "api://gatehouse"], azp: "a" }],
])("a token for %s is refused", (_name, claims) => {
  expect(codeOf(judge(claims))).toBe("invalid");
});

test.each<[string, Claims]>([
  ["the agent", { aud: "a" }],
  ["the agent, who got it", { aud: ["a"], azp: "a" }],
  ["a resource of ours, issued to the agent", { aud: "api://gatehouse", azp: "a" }],
  ["two resources of ours, issued to the agent", { aud: ["api://gatehouse", "api://other"], azp: "a" }],
  ["the agent and a resource of ours", { aud: ["a", "api://gatehouse"], azp: "a" }],
])("a token for %s is the agent's", (_name, claims) => {
  expect(codeOf(judge(claims))).toBe("proven");
});

test("groups lie where they were said to lie, and nowhere else", () => {
  const nested = { groups: ["realm_access", "roles"] } as const;
  const claims = {
    realm_access: { roles: ["engineering"] },
    groups: ["sre"],
    "realm_access.roles": ["audit"],
  };
  expect(principalOf(judge(claims, nested)).groups).toEqual(["engineering"]);
  expect(principalOf(judge({ groups: ["sre"] }, nested)).groups).toEqual([]);
});

test("groups in one text are its words, and odd spaces are refused rather than guessed at", () => {
  const words = { groupsFormat: "words" } as const;
  expect(principalOf(judge({ groups: "engineering sre" }, words)).groups).toEqual(["engineering", "sre"]);
  expect(principalOf(judge({ groups: "" }, words)).groups).toEqual([]);
  for (const groups of [" engineering", "engineering  sre", "sre "])
    expect(codeOf(judge({ groups }, words))).toBe("invalid");
  expect(codeOf(judge({ groups: "engineering sre" }))).toBe("invalid");
});

test.each<[string, Claims]>([
  ["said of the outermost claim (_claim_names)", { _claim_names: { realm_access: "src1" } }],
  ["said in short (hasgroups)", { hasgroups: true }],
])("nested groups that are elsewhere are refused by name: %s", (_name, claims) => {
  const mapping = { groups: ["realm_access", "roles"] } as const;
  expect(codeOf(judge({ realm_access: { roles: ["engineering"] }, ...claims }, mapping))).toBe(
    "groups_overage",
  );
});

test("a subject of one's own has to be there, as text, and to be visible", () => {
  const mapping = { subject: ["oid"] } as const;
  for (const oid of [undefined, 7, "", "a\n", ["a"], { a: 1 }])
    expect(codeOf(judge({ oid }, mapping))).toBe("invalid");
  expect(principalOf(judge({ oid: "00000000-1111" }, mapping)).subject).toBe("00000000-1111");
});

test("an address of one's own counts only beside its own proof", () => {
  const mapping = { email: ["upn"], emailVerified: ["xms_edov"] } as const;
  const claims = { upn: "developer@example.com", email: "ceo@example.com", email_verified: true };
  expect(principalOf(judge(claims, mapping)).email).toBeUndefined();
  for (const proof of ["true", 1, "1", false])
    expect(principalOf(judge({ ...claims, xms_edov: proof }, mapping)).email).toBeUndefined();
  expect(principalOf(judge({ ...claims, xms_edov: true }, mapping)).email).toBe("developer@example.com");
});

test.each([undefined, "", "pwd", "MFA", "mfa ", ["mfa"], 1])(
  "a sign-in with acr %j, where mfa was demanded, is known and not taken for somebody who is there",
  (acr) => {
    const strict = { ...rules, stepUpAcr: ["mfa", "phr"] };
    const seen = (value: unknown) => {
      const claims = { ...honest, auth_time: now.getTime() / 1000, acr: value };
      const verdict = judgePerson(claims, strict, { clients: ["agent"], now });
      return verdict.kind === "proven" && verdict.identity.signedInAt;
    };
    expect(seen(acr)).toBeUndefined();
    expect(seen("phr")).toEqual(now);
  },
);

import { expect, test } from "vitest";
import { machineOf, writtenMachine } from "../../../test/fakes/machine-issuer.ts";
import { completeMachine, type WrittenMachine } from "./complete-machine.ts";
import type { MachineKind } from "./machine.ts";

function objectionTo(kind: MachineKind, changes: Partial<WrittenMachine>): string {
  const completion = completeMachine(writtenMachine(kind, changes));
  return completion.kind === "objection" ? completion.objection : "none";
}

const named = (claim: string): WrittenMachine["allow"] => [
  { claim: [claim], demand: { kind: "equals", value: "x" } },
];

test.each<[MachineKind, string]>([
  ["kubernetes", "https://kubernetes.default.svc"],
  ["kubernetes", "https://kubernetes.default.svc.cluster.local"],
  ["kubernetes", "kubernetes"],
  ["kubernetes", "api"],
  ["github_actions", "https://github.com/octo"],
  ["github_actions", "sts.amazonaws.com"],
  ["github_actions", "api://AzureADTokenExchange"],
  ["github_actions", "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"],
  ["google", "32555940559.apps.googleusercontent.com"],
  ["google", "https://storage.googleapis.com/"],
])(
  "a machine of %s with the audience %s is refused, as those tokens are made for others",
  (kind, audience) => {
    expect(objectionTo(kind, { audience })).toContain("made for somebody else");
  },
);

test.each<[MachineKind, string]>([
  ["kubernetes", "aud"],
  ["github_actions", "repository"],
  ["github_actions", "sub"],
  ["github_actions", "repository_owner"],
  ["google", "email_verified"],
  ["cursor", "agent_runtime"],
])("a machine of %s that is told from strangers by %s alone is refused", (kind, claim) => {
  expect(objectionTo(kind, { allow: named(claim) })).toContain("lets in strangers");
});

test("a machine of Cursor's without the domains of its owners is refused", () => {
  expect(objectionTo("cursor", { emailDomains: undefined })).toContain("email_domains");
});

test("only an issuer that nobody knows has claims of its own", () => {
  const ownClaims = { subject: ["actor"] as const, agent: undefined, displayName: undefined };
  expect(objectionTo("github_actions", { ownClaims })).toContain("only the kind custom");
  expect(machineOf("custom", { ownClaims }).claims.subject).toEqual(["actor"]);
});

test("a known service's issuer and keys need not be written, and keys of the known are not taken for another", () => {
  expect(machineOf("cursor").keySource).toEqual({ kind: "address", url: "https://api.cursor.com/keys" });
  expect(machineOf("cursor", { issuer: "https://cursor.example.com" }).keySource.kind).toBe("discovery");
  expect(machineOf("github_actions").issuer).toBe("https://token.actions.githubusercontent.com");
});

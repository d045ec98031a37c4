import type { MachineKind } from "#identity";
import { honestClaims, machineAudience } from "./machine-issuer.ts";

/** What it is, at which kind, and what the token says differently from an honest one. */
export type MachineAttack = readonly [name: string, kind: MachineKind, claims: Record<string, unknown>];
const kubernetesIo = (changes: object): Record<string, unknown> => {
  const honest = honestClaims.kubernetes["kubernetes.io"];
  return { "kubernetes.io": { ...(typeof honest === "object" ? honest : {}), ...changes } };
};

/** The trap of each kind of machine, once each. */
export const machineAttacks: readonly MachineAttack[] = [
  ["for the API server", "kubernetes", { aud: "https://kubernetes.default.svc" }],
  [
    "for us and for the API server",
    "kubernetes",
    { aud: [machineAudience, "https://kubernetes.default.svc"] },
  ],
  ["without an audience (a secret of old)", "kubernetes", { aud: undefined }],
  ["that never ends (a secret of old)", "kubernetes", { exp: undefined }],
  [
    "of another namespace",
    "kubernetes",
    { sub: "system:serviceaccount:evil:runner", ...kubernetesIo({ namespace: "evil" }) },
  ],
  ["whose sub is not the account it names", "kubernetes", { sub: "system:serviceaccount:kube-system:admin" }],
  ["bound to no pod", "kubernetes", kubernetesIo({ pod: undefined })],
  ["without the cluster's own claims", "kubernetes", { "kubernetes.io": undefined }],
  [
    "of a cluster that says it has another name",
    "kubernetes",
    { iss: "https://kubernetes.default.svc.cluster.local" },
  ],
  [
    "of another repository whose sub was customised to look like ours",
    "github_actions",
    { repository_id: "666" },
  ],
  ["of a repository that took over our old name", "github_actions", { repository_id: "75" }],
  ["of a pull request's ref", "github_actions", { ref: "refs/pull/9/merge", event_name: "pull_request" }],
  ["of a tag with the branch's name", "github_actions", { ref: "refs/tags/main" }],
  ["started by pull_request_target", "github_actions", { event_name: "pull_request_target" }],
  ["started by workflow_run", "github_actions", { event_name: "workflow_run" }],
  ["that does not say what started it", "github_actions", { event_name: undefined }],
  ["for the audience that every run gets", "github_actions", { aud: "https://github.com/octo" }],
  ["whose address is not verified", "google", { email_verified: false }],
  ["whose address is verified in words", "google", { email_verified: "true" }],
  ["that says nothing of its address", "google", { email_verified: undefined }],
  ["of another service account", "google", { email: "agent@evil.iam.gserviceaccount.com" }],
  ["issued to an OAuth client, that is, about a person", "google", { azp: "123.apps.googleusercontent.com" }],
  ["by the short name of its issuer", "google", { iss: "accounts.google.com" }],
  ["whose sub is the team", "cursor", { sub: "7" }],
  ["of another team", "cursor", { team_id: "8" }],
  ["whose sub is not the owner", "cursor", { sub: "user:u_43" }],
  ["of no cloud agent", "cursor", { cloud_agent_id: undefined }],
  ["for another party", "cursor", { aud: "https://vault.example.com" }],
];

import type { ClaimPath } from "../claim-path.ts";
import { cursor } from "./cursor.ts";
import { githubActions } from "./github-actions.ts";
import { google } from "./google.ts";
import { kubernetes } from "./kubernetes.ts";
import type { MachineKind, MachineRules } from "./machine.ts";

/** An issuer nobody wrote rules for: its conditions alone say who is let in. */
const custom: MachineRules = {
  issuer: undefined,
  keysUrl: undefined,
  claims: { subject: ["sub"], subjectLabel: "", agent: [], displayName: ["sub"], email: undefined },
  fences: [],
  isForeignAudience: () => false,
  objectionTo: () => undefined,
};

export const machineKinds: Readonly<Record<MachineKind, MachineRules>> = {
  kubernetes,
  github_actions: githubActions,
  google,
  cursor,
  custom,
};

/** What the configuration may say instead, for issuers of kind `custom`. */
export interface OwnClaims {
  readonly subject: ClaimPath | undefined;
  readonly agent: ClaimPath | undefined;
  readonly displayName: ClaimPath | undefined;
}

import { textAt } from "../claim-path.ts";
import { isNamed } from "./condition.ts";
import type { MachineRules } from "./machine.ts";

/** Strangers start these, and the workflow runs with the rights and the `ref` of the branch that they asked to change. */
const strangersEvents: readonly (string | undefined)[] = [
  "pull_request_target",
  "workflow_run",
  "issue_comment",
];

/**
 * Tokens of workflow runs (GitHub, "OpenID Connect reference"). `sub` is what a repository's settings make of it, so it
 * identifies nobody here; a repository's name can be taken by somebody else once it is given up, its id cannot.
 */
export const githubActions: MachineRules = {
  issuer: "https://token.actions.githubusercontent.com",
  keysUrl: undefined,
  claims: {
    subject: ["repository_id"],
    subjectLabel: "repository_id:",
    agent: [["workflow_ref"], ["run_id"]],
    displayName: ["repository"],
    email: undefined,
  },
  fences: [["repository_id"], ["repository_owner_id"], ["enterprise_id"]],
  // The owner's address is what a run gets that names no audience; the others are the well-known ones of clouds.
  isForeignAudience: (audience) =>
    /^https:\/\/github\.com(\/|$)/.test(audience) ||
    audience === "sts.amazonaws.com" ||
    audience === "api://AzureADTokenExchange" ||
    /^(https:)?\/\/iam\.googleapis\.com\//.test(audience),
  objectionTo: (claims, allow) => {
    const event = textAt(claims, ["event_name"]);
    if (event === undefined) return "no event_name";
    return strangersEvents.includes(event) && !isNamed(allow, ["event_name"])
      ? `started by ${event}, which no condition names`
      : undefined;
  },
};

import { textAt } from "../claim-path.ts";
import type { MachineRules } from "./machine.ts";

/**
 * Tokens that cloud agents get in their virtual machine (Cursor, "Cloud agents: OIDC"). Any process in there gets them for
 * any audience, and may have the team's id put into `sub` in place of the person's; it proves the run, and no turn of it.
 */
export const cursor: MachineRules = {
  issuer: "https://api.cursor.com",
  keysUrl: "https://api.cursor.com/keys",
  claims: {
    subject: ["sub"],
    subjectLabel: "",
    agent: [["cloud_agent_id"]],
    displayName: ["owner_email"],
    email: ["owner_email"],
  },
  fences: [["team_id"], ["owner_user_id"]],
  isForeignAudience: () => false,
  objectionTo: (claims) => {
    const [subject, owner] = [textAt(claims, ["sub"]) ?? "", textAt(claims, ["owner_user_id"])];
    if (!/^(user|service_account):./.test(subject)) return "sub is neither a person nor a service account";
    if (textAt(claims, ["cloud_agent_id"]) === undefined) return "no cloud_agent_id";
    // The person behind the run is who must not approve what it asks for.
    return subject.startsWith("user:") && owner !== undefined && !isSamePerson(subject, owner)
      ? "sub is not the owner"
      : undefined;
  },
};

function isSamePerson(subject: string, owner: string): boolean {
  return subject === owner || subject === `user:${owner}`;
}

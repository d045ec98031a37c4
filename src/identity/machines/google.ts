import { textAt } from "../claim-path.ts";
import type { MachineRules } from "./machine.ts";

/**
 * ID tokens of service accounts, from the metadata server or `generateIdToken` (Google, "Get an ID token"). Whoever has a
 * project anywhere gets them for any audience, so that the account is the only fence.
 */
export const google: MachineRules = {
  issuer: "https://accounts.google.com",
  keysUrl: undefined,
  claims: {
    subject: ["sub"],
    subjectLabel: "",
    agent: [["google", "compute_engine", "instance_name"], ["email"]],
    displayName: ["email"],
    email: ["email"],
  },
  fences: [["sub"], ["email"]],
  // What gcloud's own tokens of people say, and OAuth clients in general: those tokens are about people.
  isForeignAudience: (audience) =>
    audience.endsWith(".apps.googleusercontent.com") || /^https:\/\/[^/]*\.googleapis\.com/.test(audience),
  objectionTo: (claims) => {
    if (claims["email_verified"] !== true) return "email_verified is not true";
    if (!/@([^@]*\.)?gserviceaccount\.com$/.test(textAt(claims, ["email"]) ?? ""))
      return "no service account";
    return claims["azp"] === claims["sub"] ? undefined : "issued to somebody else than the service account";
  },
};

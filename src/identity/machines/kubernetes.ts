import { claimAt, textAt } from "../claim-path.ts";
import type { MachineRules } from "./machine.ts";

const bound = (...names: readonly [string, ...string[]]) => ["kubernetes.io", ...names] as const;

/**
 * Service-account tokens that the kubelet projects into a pod for an audience of ours (Kubernetes, "Managing Service
 * Accounts"). Each cluster is an issuer of its own.
 */
export const kubernetes: MachineRules = {
  issuer: undefined,
  keysUrl: undefined,
  claims: {
    subject: ["sub"],
    subjectLabel: "",
    agent: [bound("pod", "name")],
    displayName: ["sub"],
    email: undefined,
  },
  fences: [["sub"], bound("namespace"), bound("serviceaccount", "uid")],
  // The API server's own audiences: every pod has a token for them in a well-known file.
  isForeignAudience: (audience) =>
    /^(https:\/\/)?kubernetes(\.default(\.svc(\.cluster\.local)?)?)?\/?$/.test(audience) ||
    audience === "api",
  objectionTo: (claims) => {
    const [namespace, account] = [
      textAt(claims, bound("namespace")),
      textAt(claims, bound("serviceaccount", "name")),
    ];
    if (claims["sub"] !== `system:serviceaccount:${namespace}:${account}`)
      return "sub is not the service account that kubernetes.io names";
    // A token that hangs on no pod outlives what it was made for; `kubectl create token` makes such.
    return typeof claimAt(claims, bound("pod", "uid")) === "string" ? undefined : "bound to no pod";
  },
};

import {
  type CallOptions,
  type ControlPlaneUnderTest,
  controlPlaneUnderTest,
  pendingRequest,
} from "../fakes/control-plane-under-test.ts";
import { approver, auditor, developer, operator } from "../fakes/token-issuer.ts";

/** Ways to prove oneself to the API, by name. */
export type Proof = string;

/** Who gets an answer from a route. */
export type Access =
  /** Anybody; nothing in it is about anybody. */
  | { readonly kind: "open" }
  /** A bearer token; those of `proofs` that may. */
  | { readonly kind: "bearer"; readonly to: readonly Proof[] }
  /** A page for people signed in with the browser; the groups that may. */
  | { readonly kind: "page"; readonly to: readonly string[] }
  /** A form of our own pages: a browser session, our origin and the page's token. */
  | { readonly kind: "form" }
  /** What is sent proves itself, whoever sends it: tokens, codes, signed answers. Cookies mean nothing to it. */
  | { readonly kind: "own_proof" };

const open: Access = { kind: "open" };
const form: Access = { kind: "form" };
const ownProof: Access = { kind: "own_proof" };
const auditors: Access = { kind: "bearer", to: ["fresh auditor"] };
const approvers: Access = { kind: "bearer", to: ["fresh approver"] };
const administrators: Access = { kind: "bearer", to: ["fresh policy-admin"] };
const everybodyKnown: Access = {
  kind: "bearer",
  to: [
    "stored developer",
    "stored person of all roles",
    "gateway token of the developer",
    "fresh developer",
    "fresh approver",
    "fresh auditor",
    "fresh policy-admin",
    "person of all roles, ten minutes ago",
  ],
};
/** All of the developer's: by the developer, and by no agent of theirs. */
const stops: Access = { kind: "bearer", to: ["fresh developer", "fresh policy-admin"] };

/** Written out, one line a route: whoever adds a route says here who gets an answer from it. */
export const accessOf: Readonly<Record<string, Access>> = {
  "GET /": open,
  "GET /.well-known/gatehouse": open,
  "GET /api/v1/approvals": approvers,
  "GET /api/v1/approvals/:id": approvers,
  "GET /api/v1/approvals/:id/status": {
    kind: "bearer",
    to: ["stored developer", "gateway token of the developer", "fresh approver"],
  },
  "GET /api/v1/audit/checkpoint": open,
  "GET /api/v1/audit/consistency": everybodyKnown,
  "GET /api/v1/audit/entries": auditors,
  "GET /api/v1/audit/entries/:index": auditors,
  "GET /api/v1/audit/entries/:index/proof": auditors,
  "GET /api/v1/audit/export": auditors,
  "GET /api/v1/audit/export/sessions/:id/exchanges/:exchange": auditors,
  "GET /api/v1/audit/holds": auditors,
  "GET /api/v1/audit/log/checkpoint": open,
  "GET /api/v1/audit/log/tile/*": auditors,
  "GET /api/v1/me": everybodyKnown,
  "GET /api/v1/sessions": auditors,
  "GET /api/v1/sessions/:id": auditors,
  "GET /api/v1/sessions/:id/exchanges/:exchange": auditors,
  "GET /api/v1/sinks": administrators,
  "GET /approvals": { kind: "page", to: ["sre"] },
  "GET /approvals/:id": { kind: "page", to: ["sre"] },
  "GET /device": { kind: "page", to: ["engineering", "sre", "audit", "platform"] },
  "GET /healthz": open,
  "GET /readyz": open,
  "GET /saml/:provider": open,
  "GET /sign-in": open,
  "GET /sign-in/callback": ownProof,
  "GET /sign-in/callback/:provider": ownProof,
  "GET /sign-in/saml": ownProof,
  "GET /sign-out/at-provider": open,
  "GET /signed-out": open,
  "GET /style.css": open,
  "GET /v1/ca.pem": open,
  "POST /api/v1/approvals/:id/votes": approvers,
  "POST /api/v1/audit/erasures": auditors,
  "POST /api/v1/audit/holds": auditors,
  "POST /api/v1/audit/holds/:id/release": auditors,
  "POST /api/v1/audit/requests/:id/confirmation": auditors,
  "POST /api/v1/sessions/:id/stop": {
    kind: "bearer",
    to: ["gateway token of the developer", "fresh developer", "fresh policy-admin"],
  },
  "POST /api/v1/sessions/stop": stops,
  "POST /api/v1/sessions/this/end": { kind: "bearer", to: ["gateway token of the developer"] },
  "POST /api/v1/sinks/:name/cursor": administrators,
  "POST /approvals/:id": form,
  "POST /device": form,
  "POST /device/decision": form,
  "POST /saml/:provider/acs": ownProof,
  "POST /sign-in/back-channel-logout": ownProof,
  "POST /sign-in/back-channel-logout/:provider": ownProof,
  "POST /sign-out": form,
  "POST /v1/device": ownProof,
  "POST /v1/introspect": ownProof,
  "POST /v1/revoke": ownProof,
  "POST /v1/token": ownProof,
};

/** What a request to a route has to carry beside the proof. */
export const asks: Readonly<Record<string, Pick<CallOptions, "json" | "form">>> = {
  "POST /api/v1/approvals/:id/votes": { json: { verdict: "approve", fingerprint: "f".repeat(64) } },
  "POST /api/v1/audit/erasures": { json: { session: "ses_0199", reason: "asked by its owner" } },
  "POST /api/v1/audit/holds": { json: { session: "ses_0199", reason: "a case" } },
  "POST /api/v1/audit/holds/:id/release": { json: { reason: "the case is over" } },
  "POST /api/v1/sinks/:name/cursor": { json: { to: 0, reason: "skipped by mistake" } },
  "POST /api/v1/sessions/:id/stop": { json: {} },
  "POST /api/v1/sessions/stop": { json: { principal: "OWN" } },
  "POST /approvals/:id": { form: { verdict: "approve", fingerprint: "f".repeat(64) } },
  "POST /device": { form: { user_code: "BCDFGHJK" } },
  "POST /device/decision": { form: { user_code: "BCDFGHJK", verdict: "approve" } },
  "POST /saml/:provider/acs": { form: { SAMLResponse: "x" } },
  "POST /sign-in/back-channel-logout": { form: { logout_token: "a.b.c" } },
  "POST /sign-in/back-channel-logout/:provider": { form: { logout_token: "a.b.c" } },
  "POST /sign-out": { form: {} },
  "POST /v1/device": { form: { client_id: "gatehouse-cli", machine: "m", command: "c" } },
  "POST /v1/introspect": { form: { token: "x" } },
  "POST /v1/revoke": { form: { token: "x" } },
  "POST /v1/token": { form: { grant_type: "none" } },
};

export interface World extends ControlPlaneUnderTest {
  /** A path with the id of the developer's session in it. */
  own(path: string): string;
  readonly gatewayToken: string;
  /** What a request to this route carries, about the developer. */
  asks(route: string): CallOptions;
}

/** A control plane with something behind every id that the routes are asked for. */
export async function withEverything(
  changes: Parameters<typeof controlPlaneUnderTest>[0] = {},
): Promise<World> {
  const under = await controlPlaneUnderTest(changes);
  const { token, sessionId } = await under.openSession(developer);
  const principal = under.store.sessions.get(sessionId)?.principal;
  if (principal === undefined) throw new Error("a session was opened");
  under.requests.set("apr_0199", pendingRequest({ requester: principal, sessionId }));
  under.checkpoint = "gatehouse.example/log\n1\n";
  under.proofs.set(0, "proof");
  under.tiles.set("tile/0/000", Buffer.from("tile"));
  under.sinks = [
    {
      name: "siem",
      kind: "webhook",
      next: 0,
      lagEntries: 1,
      lagMs: 0,
      isLagging: false,
      failures: 0,
    },
  ];
  const asked = await under.custody.requestRelease(principal, "hld_0199", "the case is over");
  if (asked.kind === "requested") under.custody.confirmed = { kind: "released", request: asked.request };
  under.exchanges = [
    {
      id: "exc_0199",
      at: "2026-11-24T12:00:00.000Z",
      method: "GET",
      host: "storage.googleapis.com",
      decision: "allow",
      reasons: [],
      outcome: "answered",
      maskedValues: 0,
    },
  ];
  under.listed = [
    {
      index: 0,
      stages: ["durable", "integrated", "published"],
      leaf: { v: 1, kind: "server.start", id: "rec_1", t: "2026-11-24T12:00:00.000Z" },
      about: {},
      leafBytes: Buffer.from("{}"),
      leafHash: Buffer.alloc(32),
      attachments: [],
      detail: undefined,
      erasure: undefined,
    },
  ];
  return {
    ...under,
    gatewayToken: token,
    own: (path) => path.replace("ses_0199", sessionId),
    asks: (route) => {
      const { json, form } = asks[route] ?? {};
      const isOfPrincipal = json !== undefined && "principal" in json;
      return {
        ...(json === undefined ? {} : { json: isOfPrincipal ? { principal: principal.id } : json }),
        ...(form === undefined ? {} : { form }),
      };
    },
  };
}

const everything = { email: "all@example.com", groups: ["engineering", "sre", "audit", "platform"] };

export const proofs: Readonly<Record<Proof, (world: World) => Promise<string | undefined>>> = {
  nothing: async () => undefined,
  "an invented token": async () => "a.b.c",
  "stored developer": (world) => world.bearer("agent", developer),
  "stored person of all roles": (world) => world.bearer("agent", everything),
  "gateway token of the developer": async ({ gatewayToken }) => gatewayToken,
  "fresh developer": (world) => world.bearer("console", developer),
  "fresh approver": (world) => world.bearer("console", approver),
  "fresh auditor": (world) => world.bearer("console", auditor),
  "fresh policy-admin": (world) => world.bearer("console", operator),
  "person of all roles, ten minutes ago": async ({ issuer, clock }) => {
    const tenMinutesAgoS = Math.floor(clock.now().getTime() / 1000) - 600;
    return issuer.idToken("console", everything, { auth_time: tenMinutesAgoS });
  },
  "the browser's own token": ({ issuer }) => issuer.idToken("web", everything),
};

/** A path with ids in the place of its parameters. */
export function filled(path: string): string {
  return path
    .replace("/approvals/:id", "/approvals/apr_0199")
    .replace("/sessions/:id", "/sessions/ses_0199")
    .replace("/holds/:id", "/holds/hld_0199")
    .replace("/requests/:id", "/requests/req_0199")
    .replace(":exchange", "exc_0199")
    .replace(":name", "siem")
    .replace("/audit/consistency", "/audit/consistency?from=0")
    .replace(/\/audit\/export$/, "/audit/export?format=ocsf")
    .replace(":index", "0")
    .replace(":provider", "oidc")
    .replace("tile/*", "tile/0/000");
}

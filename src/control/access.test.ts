import { expect, test } from "vitest";
import type { ExchangeDetail } from "#api";
import type { ShownEntry } from "#audit";
import {
  type ControlPlaneUnderTest,
  controlPlaneUnderTest,
  pendingRequest,
} from "../../test/fakes/control-plane-under-test.ts";
import { developer } from "../../test/fakes/token-issuer.ts";

// Who sees what, over every combination of roles, proof, endpoint and the operator's switch: small enough to try them all.

const groups = ["engineering", "sre", "audit", "platform"];
const people = Array.from({ length: 2 ** groups.length }, (_, mask) => ({
  email: `person-${mask}@example.com`,
  groups: groups.filter((_, at) => (mask & (1 << at)) !== 0),
}));
const proofs = ["console", "agent", "gateway"] as const;
type Proof = (typeof proofs)[number];

interface Endpoint {
  readonly path: string;
  readonly kind: "audit" | "export" | "own" | "others" | "list" | "asked" | "unasked" | "inbox";
}

const entry: ShownEntry = {
  index: 7,
  stages: ["durable", "integrated", "published"],
  leaf: { v: 1, kind: "exchange.intent", id: "rec_1", t: "2026-11-24T12:00:00.000Z" },
  about: {},
  leafBytes: Buffer.from('{"v":1}'),
  leafHash: Buffer.alloc(32),
  attachments: [],
  detail: undefined,
  erasure: undefined,
};

const exchange: ExchangeDetail = {
  id: "exc_1",
  at: "2026-11-24T12:00:00.000Z",
  method: "GET",
  host: "storage.googleapis.com",
  decision: "allow",
  reasons: [],
  outcome: "answered",
  maskedValues: 0,
  answer: {
    startLine: "HTTP/1.1 200",
    headers: [],
    body: "this was recorded",
    encoding: "utf8",
    isTruncated: false,
  },
};

async function prepared(ownSessions: boolean): Promise<ControlPlaneUnderTest> {
  const under = await controlPlaneUnderTest({ ownSessions });
  under.listed = [entry];
  under.exchanges = [exchange];
  under.proofs.set(7, "proof");
  under.tiles.set("tile/0/000", Buffer.alloc(32));
  const asked = pendingRequest();
  const [requirement] = asked.requirements;
  if (requirement === undefined) throw new Error("a request has a requirement");
  under.requests.set("apr_asked", { ...asked, id: "apr_asked" });
  const unasked = { ...asked, id: "apr_unasked", requirements: [{ ...requirement, groups: ["security"] }] };
  under.requests.set("apr_unasked", unasked);
  return under;
}

const endpointsOf = (own: string, others: string): readonly Endpoint[] => [
  { path: "/api/v1/sessions", kind: "list" },
  { path: `/api/v1/sessions/${own}`, kind: "own" },
  { path: `/api/v1/sessions/${own}/exchanges/exc_1`, kind: "own" },
  { path: `/api/v1/sessions/${others}`, kind: "others" },
  { path: `/api/v1/sessions/${others}/exchanges/exc_1`, kind: "others" },
  { path: "/api/v1/sessions/ses_none", kind: "others" },
  { path: "/api/v1/sessions/ses_none/exchanges/exc_1", kind: "others" },
  { path: "/api/v1/audit/entries?text=web-3", kind: "audit" },
  { path: "/api/v1/audit/entries/7", kind: "audit" },
  { path: "/api/v1/audit/entries/7/proof", kind: "audit" },
  { path: "/api/v1/audit/log/tile/0/000", kind: "export" },
  { path: "/api/v1/approvals", kind: "inbox" },
  { path: "/api/v1/approvals/apr_asked", kind: "asked" },
  { path: "/api/v1/approvals/apr_unasked", kind: "unasked" },
];

/** What the promise says, written apart from the code that keeps it. */
function mayRead({ kind }: Endpoint, of: { groups: string[]; proof: Proof; ownSessions: boolean }): boolean {
  const isPerson = of.proof === "console";
  if (kind === "asked" || kind === "inbox") return isPerson && of.groups.includes("sre");
  if (kind === "unasked") return false;
  const isOwn = (kind === "own" || kind === "list") && of.ownSessions;
  return isPerson && (of.groups.includes("audit") || isOwn);
}

const isOnRecord = ({ kind }: Endpoint): boolean => !["asked", "unasked", "inbox"].includes(kind);

test.each([false, true])(
  "only auditors search, read, replay, verify and export, approvers see what they are asked, administrators nothing, and every read and denied read is an entry (own sessions: %s)",
  async (ownSessions) => {
    let tried = 0;
    for (const person of people) {
      const under = await prepared(ownSessions);
      const isAgentUser = person.groups.includes("engineering");
      const own = isAgentUser ? await under.openSession(person) : undefined;
      const others = (await under.openSession(developer)).sessionId;
      for (const proof of proofs) {
        const bearer = proof === "gateway" ? own?.token : await under.bearer(proof, person);
        if (bearer === undefined) continue;
        for (const endpoint of endpointsOf(own?.sessionId ?? "ses_other", others)) {
          if (endpoint.kind === "own" && own === undefined) continue;
          const before = under.audit.entries.length;
          const answer = await under.call("GET", endpoint.path, { bearer });
          const added = under.audit.entries.slice(before);
          const what = `${person.groups.join("+")} ${proof} ${endpoint.path}`;
          const may = mayRead(endpoint, { groups: person.groups, proof, ownSessions });
          const isThere = !endpoint.path.includes("ses_none");
          if (may && isThere) expect(answer.statusCode, what).toBe(200);
          else expect([401, 403, 404], what).toContain(answer.statusCode);
          if (!may) expect(answer.body, what).not.toMatch(/rec_1|proof"|web-3|"agent"|was recorded/);
          const read = endpoint.kind === "export" ? "audit.export" : "audit.read";
          const kinds = isOnRecord(endpoint) ? [may ? read : "audit.read_denied"] : [];
          expect(
            added.map(({ kind }) => kind),
            what,
          ).toEqual(kinds);
          if (endpoint.kind === "list" && may && !person.groups.includes("audit")) {
            expect(answer.body, what).not.toContain(others);
            expect(added[0]?.detail, what).toMatchObject({ own: true });
          }
          if (endpoint.kind === "inbox" && may) expect(answer.body, what).not.toContain("apr_unasked");
          tried += 1;
        }
      }
    }
    expect(tried).toBeGreaterThan(400);
  },
  60_000,
);

test("one's own sessions need a fresh sign-in, and a refusal does not tell whether another's exists", async () => {
  const under = await prepared(true);
  const { sessionId } = await under.openSession(developer);
  const bearer = await under.bearer("console", developer);
  const other = await under.openSession({ email: "other@example.com", groups: ["engineering"] });
  for (const what of ["", "/exchanges/exc_1"]) {
    const path = (id: string): string => `/api/v1/sessions/${id}${what}`;
    const [answer, none] = [
      await under.call("GET", path(other.sessionId), { bearer }),
      await under.call("GET", path("ses_none"), { bearer }),
    ];
    expect([answer.statusCode, answer.body]).toEqual([403, none.body]);
    expect((await under.call("GET", path(sessionId), { bearer })).statusCode).toBe(200);
  }
  under.clock.pass(10 * 60_000);
  for (const what of ["", "/exchanges/exc_1"]) {
    const late = await under.call("GET", `/api/v1/sessions/${sessionId}${what}`, { bearer });
    expect([late.statusCode, late.json()]).toMatchObject([401, { error: { code: "sign_in_not_fresh" } }]);
  }
});

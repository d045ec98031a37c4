import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { configurationSchema } from "#config";
import { type RunningServer, startServer } from "../../src/composition/server.ts";
import {
  type Document,
  type EvilProvider,
  evilBehaviours,
  evilContents,
  startEvilProvider,
} from "../fakes/evil-provider.ts";
import { freePort } from "./gateway-with-providers.ts";
import { matrix } from "./matrix.ts";

// A provider that misbehaves is one of two: it must open no door, and whoever belongs to the other must not notice.

const row = matrix("An identity provider that misbehaves, beside an honest one");
const served = "refused; others served";

const webSecret = "C4NARY-of-the-web-client";
const webProof = Buffer.from(`gatehouse-web:${webSecret}`).toString("base64");

let folder = "";
let honest: EvilProvider;
let evil: EvilProvider;
let gateway: RunningServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-evil-"));
  writeFileSync(join(folder, "secret"), "s3cr3t\n");
  writeFileSync(join(folder, "web-client"), `${webSecret}\n`);
  honest = await startEvilProvider();
});
afterAll(async () => {
  await honest.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  evil = await startEvilProvider();
  gateway = await startGateway();
});
afterEach(async () => {
  await gateway.close();
  await evil.close();
});

async function startGateway(): Promise<RunningServer> {
  const clients = {
    agent_client: "gatehouse-agent",
    console_client: "gatehouse-console",
    web_client: "gatehouse-web",
  };
  const introspection = {
    endpoint: `${evil.issuer}/introspect`,
    client_id: "gatehouse-asks",
    client_secret: { file: join(folder, "secret") },
  };
  return startServer(
    configurationSchema.parse({
      data: mkdtempSync(join(folder, "data-")),
      control: { port: await freePort() },
      proxy: { port: 0 },
      identity: {
        issuers: [
          { name: "honest", issuer: honest.issuer, ...clients },
          {
            name: "evil",
            issuer: evil.issuer,
            ...clients,
            web_client_secret: { file: join(folder, "web-client") },
            introspection,
          },
        ],
        roles: { "agent-user": ["engineering"], approver: [], auditor: [], "policy-admin": [] },
      },
      connections: [{ name: "none", identity: { kind: "none" }, endpoint: "http://127.0.0.1:9" }],
      policies: [resolve(import.meta.dirname, "../../quick-start/policies")],
    }),
    { isQuiet: true },
  );
}

const tokenAnswer = z.object({ access_token: z.string().optional(), error: z.string().optional() });

/** What becomes of a token at the token endpoint. */
async function exchange(token: string, type = "id_token"): Promise<string> {
  const answer = await fetch(`${gateway.controlUrl}/v1/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: token,
      subject_token_type: `urn:ietf:params:oauth:token-type:${type}`,
      agent: "cursor",
    }),
  });
  const { access_token: granted, error } = tokenAnswer.parse(await answer.json());
  return granted === undefined ? (error ?? `${answer.status}`) : "session opened";
}

async function beginSignIn(): Promise<string> {
  const answer = await fetch(`${gateway.controlUrl}/sign-in?provider=evil`, { redirect: "manual" });
  await answer.arrayBuffer();
  return answer.status === 303 ? "sent to the provider" : `${answer.status}`;
}

/** Comes back from the provider with a code, which the gateway then trades at the provider's token endpoint. */
async function finishSignIn(): Promise<string> {
  const begun = await fetch(`${gateway.controlUrl}/sign-in?provider=evil`, { redirect: "manual" });
  const cookie = begun.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const { searchParams } = new URL(begun.headers.get("location") ?? "");
  const back = new URL(`${gateway.controlUrl}/sign-in/callback/evil?code=c`);
  back.searchParams.set("state", searchParams.get("state") ?? "");
  const answer = await fetch(back, { redirect: "manual", headers: { cookie } });
  await answer.arrayBuffer();
  const isIn = answer.headers.getSetCookie().some((line) => line.startsWith("gatehouse_session="));
  return isIn ? "session opened" : `${answer.status}`;
}

/** Where the secret of the browser's client came, in any form. */
function toldTheSecret(): string[] {
  const named = { evil, honest };
  return Object.entries(named).flatMap(([name, { heard }]) =>
    heard
      .filter(({ text }) => text.includes(webProof) || text.includes(webSecret))
      .map(({ document }) => `${name}'s ${document}`),
  );
}

/** While `attempt` is under way, whoever belongs to the honest provider gets in, and the gateway says it is well. */
async function whileOthersAreServed(attempt: Promise<readonly string[]>): Promise<string> {
  const others = async (): Promise<boolean> => {
    const health = await fetch(`${gateway.controlUrl}/healthz`);
    return health.status === 200 && (await exchange(await honest.idToken())) === "session opened";
  };
  const during = await others();
  const outcomes = await attempt;
  const isServed = during && (await others());
  const isIn = outcomes.includes("session opened");
  return `${isIn ? "let in" : "refused"}; others ${isServed ? "served" : "not served"}`;
}

/** What people and commands are told; 401 is the page that asks them to sign in again. */
const refusals: Readonly<Record<Document, readonly string[]>> = {
  discovery: ["temporarily_unavailable", "503"],
  keys: ["temporarily_unavailable"],
  introspection: ["temporarily_unavailable"],
  token: ["401"],
};

test("with an honest provider all ways in work, or none of the refusals would prove anything", async () => {
  const outcomes = [
    await exchange(await evil.idToken()),
    await exchange("an-opaque-token-of-the-provider", "access_token"),
    await beginSignIn(),
  ];
  row({
    what: "nothing wrong",
    expected: "session opened, session opened, sent to the provider",
    observed: outcomes.join(", "),
  });
});

test("the secret of the browser's client goes to the token endpoint of its own provider and nowhere else", async () => {
  await finishSignIn();
  row({
    what: "the web client's secret, at an honest moment",
    expected: "evil's token",
    observed: toldTheSecret().join(", "),
  });
});

test.each([
  ["a metadata server", "http://169.254.169.254/token", "401"],
  ["a file", "file:///etc/passwd", "503"],
  ["another protocol than its own", "https://login.example.com/token", "503"],
])(
  "a provider that names %s as its token endpoint is told no secret, and signs nobody in",
  async (what, endpoint, expected) => {
    evil.tokenEndpoint = endpoint;
    const outcome = expected === "503" ? await beginSignIn() : await finishSignIn();
    row({
      what: `discovery names ${what} as token endpoint`,
      expected: `${expected}, no secret`,
      observed: `${outcome}, ${toldTheSecret().join(", ") || "no secret"}`,
    });
  },
);

const ways: Readonly<Record<Document, () => readonly Promise<string>[]>> = {
  discovery: () => [evil.idToken().then((token) => exchange(token)), beginSignIn()],
  keys: () => [evil.idToken().then((token) => exchange(token))],
  introspection: () => [exchange("an-opaque-token-of-the-provider", "access_token")],
  token: () => [finishSignIn()],
};

describe.each<Document>(["discovery", "keys", "introspection", "token"])("%s", (document) => {
  test.each(evilBehaviours)("a provider that %s opens no door and keeps nobody else out", async (how) => {
    evil.misbehaviour = { document, how };
    const outcomes = Promise.all(ways[document]());
    row({
      what: `${document}: ${how}`,
      expected: served,
      observed: await whileOthersAreServed(outcomes),
    });
    for (const outcome of await outcomes) expect(refusals[document]).toContain(outcome);
    expect(evil.asked[document]).toBeGreaterThan(0);
    expect(evil.asked.redirect).toBe(0);
    expect(toldTheSecret()).toEqual(document === "token" ? ["evil's token"] : []);
    // What two sockets hold on the way, and no more: the reader stopped at its limit.
    expect(evil.sent.bytes).toBeLessThan(16 * 1024 * 1024);
  });
});

/** A token whose key is not among sound ones is no good; without any sound key nobody can say. */
const refusedContents = ["temporarily_unavailable", "invalid_request"];

test.each(evilContents)(
  "a provider whose documents have %s opens no door and keeps nobody else out",
  async (what) => {
    evil.content = what;
    const outcome = exchange(await evil.idToken());
    row({
      what: `documents: ${what}`,
      expected: served,
      observed: await whileOthersAreServed(outcome.then((one) => [one])),
    });
    expect(refusedContents).toContain(await outcome);
  },
);

test("keys that are rotated just after they were fetched are not asked for again at once; the old ones count until then", async () => {
  expect(await exchange(await evil.idToken())).toBe("session opened");
  const old = await evil.idToken();
  await evil.rotateKeys();
  // Half a minute later they are: src/identity/provider-keys.test.ts, where the clock is the test's.
  const outcomes = [await exchange(await evil.idToken()), await exchange(old)];
  row({
    what: "keys rotated within the pause: new, old",
    expected: "invalid_request, session opened",
    observed: outcomes.join(", "),
  });
  expect(evil.asked.keys).toBe(1);
});

test("a token that names its key as a path, and a hundred that name invented ones, cost the provider one fetch", async () => {
  const token = await evil.idToken();
  expect(await exchange(token)).toBe("session opened");
  const [, claims = "", signature = ""] = token.split(".");
  const headed = (kid: string): string =>
    [Buffer.from(JSON.stringify({ alg: "ES256", kid })).toString("base64url"), claims, signature].join(".");
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      exchange(headed(index === 0 ? "../../etc/passwd" : `k${index}`)),
    ),
  );
  row({
    what: "a hundred invented key ids",
    expected: "invalid_request, 1 fetch of keys",
    observed: `${[...new Set(outcomes)].join(" ")}, ${evil.asked.keys} fetch of keys`,
  });
});

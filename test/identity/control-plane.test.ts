import { beforeAll, describe, expect, test } from "vitest";
import { limits } from "#lib/limits";
import { routesOf } from "../fakes/control-plane-routes.ts";
import {
  type ControlPlaneUnderTest,
  controlPlaneUnderTest,
  type FakeBrowser,
  fakeBrowser,
} from "../fakes/control-plane-under-test.ts";
import { approver, developer } from "../fakes/token-issuer.ts";
import {
  type Access,
  accessOf,
  asks,
  filled,
  type Proof,
  proofs,
  type World,
  withEverything,
} from "./control-plane-access.ts";
import { matrix } from "./matrix.ts";

const authorisation = matrix("Control plane: who gets an answer, route by route");
const attacks = matrix("Control plane: attacks");

const everybody = { email: "all@example.com", groups: ["engineering", "sre", "audit", "platform"] };
const under = (changes = {}): Promise<ControlPlaneUnderTest> => controlPlaneUnderTest(changes);

let routes: readonly string[];
beforeAll(async () => {
  const served = await under();
  routes = routesOf(served);
  for (const route of routes) {
    const [method = "", url = ""] = route.split(" ");
    if (method !== "GET" && method !== "POST") throw new Error(`${route} is of a method no test knows`);
    expect(served.app.hasRoute({ method, url }), route).toBe(true);
  }
});

function part(route: string): { method: "GET" | "POST"; path: string } {
  const [method, path = ""] = route.split(" ");
  return { method: method === "POST" ? "POST" : "GET", path: filled(path) };
}

describe("authorisation by route", () => {
  test("every route that is served says here who gets an answer, and none is listed that is not served", () => {
    expect(Object.keys(accessOf).sort()).toEqual(routes);
  });

  const bearer = Object.entries(accessOf).flatMap(([route, access]) =>
    access.kind === "bearer" ? [{ route, access }] : [],
  );
  test.each(bearer)(
    "$route answers those who may, with that proof, and nobody else",
    async ({ route, access }) => {
      const answered: Proof[] = [];
      for (const proof of Object.keys(proofs)) {
        const world = await withEverything();
        const { method, path } = part(route);
        const token = await proofs[proof]?.(world);
        const { statusCode } = await world.call(method, world.own(path), {
          ...world.asks(route),
          bearer: token,
        });
        if (statusCode < 400) answered.push(proof);
        else expect([401, 403, 404], `${route} to ${proof}`).toContain(statusCode);
      }
      authorisation({ what: route, expected: access.to.join(", "), observed: answered.join(", ") });
    },
  );

  const pages = Object.entries(accessOf).flatMap(([route, access]) =>
    access.kind === "page" ? [{ route, access }] : [],
  );
  test.each(pages)(
    "$route sends whoever is not signed in to do that, and refuses other roles",
    async ({ route }) => {
      const observed: string[] = [];
      for (const groups of [["engineering"], ["sre"], ["audit"], ["platform"]]) {
        const world = await withEverything();
        const browser = fakeBrowser(world);
        const { path } = part(route);
        const stranger = await browser.get(path);
        expect(String(stranger.headers.location)).toMatch(/^\/sign-in\?/);
        await browser.signIn({ email: "p@example.com", groups });
        if ((await browser.get(path)).statusCode === 200) observed.push(groups.join());
      }
      const { access } = pages.find((each) => each.route === route) ?? {};
      authorisation({ what: route, expected: access?.to.join(", ") ?? "", observed: observed.join(", ") });
    },
  );
});

/** State-changing routes of one kind. */
function posts(kind: Access["kind"]): string[] {
  return Object.entries(accessOf).flatMap(([route, access]) =>
    access.kind === kind && route.startsWith("POST ") ? [route] : [],
  );
}

describe("CSRF", () => {
  async function signedIn(): Promise<{ world: World; browser: FakeBrowser; token: string }> {
    const world = await withEverything();
    const browser = fakeBrowser(world);
    await browser.signIn(everybody);
    return { world, browser, token: await browser.formToken("/") };
  }
  const forgeries: Readonly<
    Record<string, (token: string) => [form: Record<string, string>, headers: object]>
  > = {
    "from another origin, with the token": (form_token) => [
      { form_token },
      { origin: "https://evil.example.com" },
    ],
    "from a sandboxed frame (Origin: null)": (form_token) => [{ form_token }, { origin: "null" }],
    "from a sibling site": (form_token) => [{ form_token }, { "sec-fetch-site": "same-site" }],
    "from another port of this machine": (form_token) => [
      { form_token },
      { origin: "http://127.0.0.1:9999" },
    ],
    "without the token": () => [{}, {}],
    "with an empty token": () => [{ form_token: "" }, {}],
    "with a guessed token": (token) => [{ form_token: "x".repeat(token.length) }, {}],
  };
  const cases = posts("form").flatMap((route) =>
    Object.entries(forgeries).map(([name, forge]) => ({ route, name, forge })),
  );
  test.each(cases)("$route refuses a form $name", async ({ route, name, forge }) => {
    const { world, browser, token } = await signedIn();
    const [form, headers] = forge(token);
    const answer = await browser.post(part(route).path, { ...asks[route]?.form, ...form }, { ...headers });
    const isRefused =
      answer.statusCode === 403 || (answer.statusCode === 400 && form["form_token"] === undefined);
    attacks({
      what: `${route}: ${name}`,
      expected: "refused",
      observed: isRefused ? "refused" : String(answer.statusCode),
    });
    expect((await browser.get("/approvals")).statusCode).toBe(200);
    expect(world.votes).toEqual([]);
  });

  test.each(posts("form"))("%s refuses the token of another browser", async (route) => {
    const { world, browser } = await signedIn();
    const other = fakeBrowser(world);
    await other.signIn(everybody);
    const form = { ...asks[route]?.form, form_token: await other.formToken("/") };
    const { statusCode } = await browser.post(part(route).path, form);
    attacks({ what: `${route}: another browser's token`, expected: "403", observed: String(statusCode) });
  });

  test.each(posts("bearer"))("%s takes no cookie for a proof", async (route) => {
    const { world, browser, token } = await signedIn();
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const json = { ...world.asks(route).json };
    const answer = await world.call("POST", part(route).path, {
      json,
      headers: { cookie, origin: world.ports.url, "x-form-token": token },
    });
    attacks({
      what: `${route}: cookie and form token alone`,
      expected: "401",
      observed: String(answer.statusCode),
    });
  });

  test.each(posts("own_proof"))("%s does the same with a browser's cookies as without", async (route) => {
    const { world, browser } = await signedIn();
    const { path } = part(route);
    const form = { ...asks[route]?.form };
    const bare = await world.call("POST", path, { form });
    const withCookies = await browser.post(path, form, { origin: "https://evil.example.com" });
    const observed = withCookies.statusCode === bare.statusCode ? "the same" : `${withCookies.statusCode}`;
    attacks({ what: `${route}: a form elsewhere, with cookies`, expected: "the same", observed });
    expect((await browser.get("/approvals")).statusCode).toBe(200);
  });

  test("no GET changes anything: none is a vote, a sign-out, or the end of a session", async () => {
    const { world, browser } = await signedIn();
    const entries = world.audit.entries.length;
    for (const route of routes.filter((each) => each.startsWith("GET "))) await browser.get(part(route).path);
    const changes = world.audit
      .kinds()
      .slice(entries)
      .filter((kind) => !/^(audit\.read|auth\.refused)/.test(kind));
    const isIn = (await browser.get("/approvals")).statusCode === 200;
    attacks({
      what: `all ${routes.filter((each) => each.startsWith("GET ")).length} GETs, followed from elsewhere`,
      expected: "no change",
      observed: changes.length === 0 && world.votes.length === 0 && isIn ? "no change" : changes.join(),
    });
  });
});

describe("cookies and sessions", () => {
  test("attributes: __Host-, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain", async () => {
    const world = await under({ url: "https://gatehouse.example.com" });
    const browser = fakeBrowser(world);
    const set: string[] = [];
    const note = (answer: { headers: Record<string, unknown> }): void => {
      set.push(...[answer.headers["set-cookie"] ?? []].flat().map(String));
    };
    const begun = await browser.get("/sign-in");
    note(begun);
    const location = new URL(String(begun.headers.location));
    const back = world.issuer.signIn(location, approver);
    note(await browser.get(back.pathname + back.search));
    note(await browser.post("/sign-out", { form_token: await browser.formToken("/") }));
    const isStrict = (line: string): boolean =>
      /^__Host-\w+=/.test(line) &&
      ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"].every((each) => line.split("; ").includes(each)) &&
      !/domain=/i.test(line);
    expect(set.length).toBeGreaterThanOrEqual(4);
    attacks({
      what: `attributes of all ${set.length} cookies set over https`,
      expected: "strict",
      observed: set.find((line) => !isStrict(line)) ?? "strict",
    });
  });

  test("session fixation: a cookie from before the sign-in is worth nothing after it", async () => {
    const world = await under();
    const browser = fakeBrowser(world);
    browser.cookies.set("gatehouse_session", "planted");
    await browser.signIn(approver);
    const first = browser.cookies.get("gatehouse_session");
    await browser.signIn(approver);
    const second = browser.cookies.get("gatehouse_session");
    const old = await world.call("GET", "/approvals", { headers: { cookie: `gatehouse_session=${first}` } });
    const isRotated = first !== "planted" && first !== second && old.statusCode === 303;
    attacks({
      what: "session id after sign-in",
      expected: "rotated",
      observed: isRotated ? "rotated" : "kept",
    });
  });

  test("login CSRF: the answer to somebody else's sign-in does nothing in this browser", async () => {
    const world = await under();
    const attacker = fakeBrowser(world);
    const begun = await attacker.get("/sign-in");
    const back = world.issuer.signIn(new URL(String(begun.headers.location)), developer);
    const victim = fakeBrowser(world);
    await victim.get("/sign-in");
    const { statusCode } = await victim.get(back.pathname + back.search);
    const isIn = victim.cookies.has("gatehouse_session");
    attacks({
      what: "login CSRF",
      expected: "401, nobody signed in",
      observed: `${statusCode}, ${isIn ? "signed in" : "nobody signed in"}`,
    });
  });
});

describe("open redirect", () => {
  const spellings = [
    "https://evil.example.com",
    "//evil.example.com",
    "///evil.example.com",
    "////evil.example.com",
    "/\\evil.example.com",
    "\\\\evil.example.com",
    "/\t/evil.example.com",
    "/\n/evil.example.com",
    "\t//evil.example.com",
    " //evil.example.com",
    "https:evil.example.com",
    "https:/evil.example.com",
    "hTTps://evil.example.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%2f/evil.example.com",
    "/%5cevil.example.com",
    "/.//evil.example.com",
    "/..//evil.example.com",
    "/approvals/..//evil.example.com",
    "/approvals@evil.example.com",
    "/approvals/apr_1/../../..//evil.example.com",
    "/approvals?next=//evil.example.com",
    "/approvals#//evil.example.com",
    "/approvals\u0000//evil.example.com",
    "/approvals\r\nLocation: //evil.example.com",
    "http://127.0.0.1:8440@evil.example.com",
    "/\u2215evil.example.com",
    "/device/decision",
    "/sign-out",
    "//127.0.0.1:8440/approvals",
    "/approvals/apr_é",
  ];
  test.each(spellings)("after signing in nobody is sent to %j", async (wanted) => {
    const browser = fakeBrowser(await under());
    const observed = await browser.signIn(approver, `/sign-in?return=${encodeURIComponent(wanted)}`);
    attacks({ what: `return to ${JSON.stringify(wanted)}`, expected: "/", observed });
  });
});

describe("every route", () => {
  /** Of each route, a header or status that is not as it must be. */
  async function offenders(
    world: ControlPlaneUnderTest,
    isRight: (answer: { statusCode: number; headers: Record<string, unknown> }, route: string) => boolean,
    headers: Record<string, string> = {},
  ): Promise<string> {
    const wrong: string[] = [];
    for (const route of [...routes, "GET /nowhere", "GET /api/v1/nowhere"]) {
      const { method, path } = part(route);
      const answer = await world.call(method, path, { ...asks[route], headers });
      if (!isRight({ statusCode: answer.statusCode, headers: { ...answer.headers } }, route))
        wrong.push(route);
    }
    return wrong.length === 0 ? "all" : `not ${wrong.join(", ")}`;
  }

  const headerRules: Readonly<Record<string, (headers: Record<string, unknown>, route: string) => boolean>> =
    {
      "CSP: no script, nothing foreign": ({ "content-security-policy": csp }) =>
        /default-src 'none'/.test(String(csp)) && !/unsafe|script-src|\*|https?:/.test(String(csp)),
      "clickjacking: frame-ancestors and X-Frame-Options": (headers) =>
        /frame-ancestors 'none'/.test(String(headers["content-security-policy"])) &&
        headers["x-frame-options"] === "DENY",
      nosniff: (headers) => headers["x-content-type-options"] === "nosniff",
      "kept by nobody (Cache-Control)": (headers, route) =>
        headers["cache-control"] === (route === "GET /style.css" ? "max-age=300" : "no-store"),
      "no other origin reads it (CORS)": (headers) => headers["access-control-allow-origin"] === undefined,
      "HSTS over https": (headers) => /max-age=31536000/.test(String(headers["strict-transport-security"])),
    };
  test.each(Object.entries(headerRules))("%s", async (what, rule) => {
    const world = await withEverything({ url: "https://gatehouse.example.com" });
    attacks({
      what: `${routes.length} routes: ${what}`,
      expected: "all",
      observed: await offenders(world, (answer, route) => rule(answer.headers, route)),
    });
  });

  test("DNS rebinding: under another name none answers, but the two probes", async () => {
    const isProbe = (route: string): boolean => route === "GET /healthz" || route === "GET /readyz";
    for (const host of [
      "evil.example.com",
      "evil.example.com:8440",
      "127.0.0.1:9",
      "[::ffff:127.0.0.1]:8440",
    ]) {
      const observed = await offenders(
        await withEverything(),
        ({ statusCode }, route) => statusCode === 421 || isProbe(route),
        { host },
      );
      attacks({ what: `${routes.length} routes: Host ${host}`, expected: "all", observed });
    }
  });

  test("forwarded host names change nothing", async () => {
    const headers = {
      "x-forwarded-host": "evil.example.com",
      forwarded: "host=evil.example.com",
      "x-forwarded-proto": "https",
    };
    const answer = await (await under()).call("GET", "/sign-in", { headers });
    const redirect = new URL(String(answer.headers.location)).searchParams.get("redirect_uri");
    attacks({
      what: "X-Forwarded-Host at the sign-in",
      expected: "http://127.0.0.1:8440/sign-in/callback",
      observed: String(redirect),
    });
  });

  test("each is limited for each address, what does not exist included", async () => {
    const observed = await offenders(
      await withEverything(),
      ({ headers }) => headers["x-ratelimit-limit"] !== undefined,
    );
    attacks({ what: `${routes.length} routes: rate limit`, expected: "all", observed });
  });

  test("files are attachments in a sandbox, and set no cookie", async () => {
    const world = await withEverything();
    world.tiles.set("tile/0/000", Buffer.from("tile"));
    const bearer = await proofs["fresh auditor"]?.(world);
    const files = [
      "/v1/ca.pem",
      "/api/v1/audit/checkpoint",
      "/api/v1/audit/log/checkpoint",
      "/api/v1/audit/log/tile/0/000",
      "/api/v1/audit/entries/0/proof",
    ];
    for (const path of files) {
      const { headers, statusCode } = await world.call("GET", path, { bearer });
      const isSafe =
        /^attachment; filename="[\w.-]+"$/.test(String(headers["content-disposition"])) &&
        /sandbox/.test(String(headers["content-security-policy"])) &&
        headers["x-content-type-options"] === "nosniff" &&
        headers["set-cookie"] === undefined;
      attacks({
        what: `download ${path}`,
        expected: "200, safe",
        observed: `${statusCode}, ${isSafe ? "safe" : "not safe"}`,
      });
    }
  });
});

describe("rate limits", () => {
  async function floods(addressOf: (count: number) => string): Promise<string> {
    const { app } = await under();
    const codes: number[] = [];
    for (let count = 0; count <= limits.signInsPerMinuteMax; count += 1) {
      const headers = { host: "127.0.0.1:8440" };
      codes.push(
        (await app.inject({ url: "/sign-in", headers, remoteAddress: addressOf(count) })).statusCode,
      );
    }
    return codes.includes(429) ? "limited" : "not limited";
  }
  const hex = (count: number): string => (count + 1).toString(16);
  test.each([
    ["one IPv4 address", () => "192.0.2.1", "limited"],
    ["addresses of one IPv6 /64", (count: number) => `2001:db8:1:1:${hex(count)}::1`, "limited"],
    [
      "addresses of one IPv6 /64, written differently",
      (count: number) => `2001:0db8:0001:0001:0000:0000:0000:${hex(count)}`,
      "limited",
    ],
    ["as many IPv6 /64s", (count: number) => `2001:db8:1:${hex(count)}::1`, "not limited"],
    ["as many IPv4 addresses", (count: number) => `192.0.2.${count}`, "not limited"],
  ])("%s", async (name, addressOf, expected) => {
    attacks({ what: `61 sign-ins in a minute from ${name}`, expected, observed: await floods(addressOf) });
  });
});

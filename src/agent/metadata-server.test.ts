import { afterEach, expect, test } from "vitest";
import { sessionRevoked } from "../../test/fakes/control-plane.ts";
import { type RawAnswer, sendRaw } from "../../test/fakes/raw-http.ts";
import { type RunBench, startRunBench } from "../../test/fakes/run-bench.ts";

let run: RunBench | undefined;
afterEach(async () => {
  await run?.close();
  run = undefined;
});

async function bench(): Promise<RunBench> {
  run = await startRunBench();
  return run;
}

const tokenPath = "/computeMetadata/v1/instance/service-accounts/default/token";

/** Asks as gcloud does; `changes` replace headers, or leave them out. */
function ask(
  { helper }: RunBench,
  path: string,
  changes: Partial<Record<string, string | undefined>> = {},
  method = "GET",
): Promise<RawAnswer> {
  const headers: Record<string, string | undefined> = {
    Host: `127.0.0.1:${helper.metadataPort}`,
    "Metadata-Flavor": "Google",
    Connection: "close",
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return sendRaw(helper.metadataPort, `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
}

test("a web page that cannot set Metadata-Flavor gets no token", async () => {
  const started = await bench();
  for (const flavor of [undefined, "", "google-ish"]) {
    const answer = await ask(started, tokenPath, { "Metadata-Flavor": flavor });
    expect(answer.status).toBe(403);
    expect(answer.body).not.toContain("gateway-token");
  }
});

test("a name rebound to this machine gets no token", async () => {
  const started = await bench();
  const port = started.helper.metadataPort;
  for (const Host of [
    `evil.example.com:${port}`,
    `127.0.0.1.evil.example.com:${port}`,
    "127.0.0.1",
    `127.0.0.1:${port + 1}`,
    `metadata.google.internal:${port}`,
    "",
  ]) {
    const answer = await ask(started, tokenPath, { Host });
    expect(answer.status, Host).not.toBe(200);
    expect(answer.body).not.toContain("gateway-token");
  }
});

test("a request passed on by somebody's proxy gets no token", async () => {
  const answer = await ask(await bench(), tokenPath, { "X-Forwarded-For": "203.0.113.7" });
  expect(answer.status).toBe(403);
  expect(answer.body).not.toContain("gateway-token");
});

test("nothing is written to the metadata server", async () => {
  const started = await bench();
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"]) {
    const answer = await ask(started, tokenPath, {}, method);
    expect(answer.status, method).toBe(405);
    expect(answer.head.toLowerCase()).not.toContain("access-control");
  }
});

test("there is no identity token, no other account and no other path", async () => {
  const started = await bench();
  for (const path of [
    "/computeMetadata/v1/instance/service-accounts/default/identity?audience=x&format=standard&licenses=FALSE",
    "/computeMetadata/v1/instance/service-accounts/other@example.com/token",
    "/computeMetadata/v1/instance/service-accounts/%zz/token",
    "/computeMetadata/v1/instance/service-accounts/default/token/x",
    "/computeMetadata/v1/instance/attributes/ssh-keys",
    "/computeMetadata/v1beta1/instance/service-accounts/default/token",
  ]) {
    expect((await ask(started, path)).status, path).toBe(404);
  }
});

test("a session that was stopped lends no token, and says why", async () => {
  const started = await bench();
  started.clock.pass(14 * 60_000);
  started.plane.token = () => sessionRevoked;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const answer = await ask(started, tokenPath);
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("stopped by auditor@example.com");
  }
  expect(started.notices).toHaveLength(1);
});

test("every path that Google's clients were measured to ask is answered", async () => {
  const started = await bench();
  const expected: Record<string, string | RegExp> = {
    "/": "computeMetadata/\n",
    "/computeMetadata/v1/instance": /service-accounts/,
    "/computeMetadata/v1/instance/": /service-accounts/,
    "/computeMetadata/v1/project/numeric-project-id": /^\d+$/,
    "/computeMetadata/v1/project/project-id": "my-project",
    "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
    "/computeMetadata/v1/instance/service-accounts/": "default/\ndeveloper@example.com/\n",
    "/computeMetadata/v1/instance/service-accounts": "default/\ndeveloper@example.com/\n",
    "/computeMetadata/v1/instance/service-accounts/default/email": "developer@example.com",
    "/computeMetadata/v1/instance/service-accounts/default/scopes": /cloud-platform/,
    "/computeMetadata/v1/instance/service-accounts/default/?recursive=true":
      /"email":"developer@example.com"/,
    "/computeMetadata/v1/instance/service-accounts/developer@example.com/?recursive=true": /"scopes":\[/,
    "/computeMetadata/v1/instance/service-accounts/developer%40example.com/token":
      /"access_token":"gateway-token-/,
    "/computeMetadata/v1/instance/service-accounts/developer@example.com/token?scopes=a,b": /gateway-token-/,
    [tokenPath]: /gateway-token-/,
  };
  for (const [path, body] of Object.entries(expected)) {
    const answer = await ask(started, path);
    expect(answer.status, path).toBe(200);
    expect(answer.head.toLowerCase(), path).toContain("metadata-flavor: google");
    if (typeof body === "string") expect(answer.body, path).toBe(body);
    else expect(answer.body, path).toMatch(body);
  }
});

test("the token lives as long as it says", async () => {
  const started = await bench();
  started.clock.pass(100_000);
  const first: unknown = JSON.parse((await ask(started, tokenPath)).body);
  expect(first).toMatchObject({ expires_in: 800, token_type: "Bearer" });
  started.clock.pass(600_000);
  const renewed: unknown = JSON.parse((await ask(started, tokenPath)).body);
  expect(renewed).toMatchObject({ expires_in: 900 });
});

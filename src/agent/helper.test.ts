import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Secret } from "#lib/secret";
import { sendRaw } from "../../test/fakes/raw-http.ts";
import { startRunBench, subjectToken } from "../../test/fakes/run-bench.ts";
import { startHelper } from "./helper.ts";
import { TokenSource } from "./token-source.ts";

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test("no token is in the child's environment or in the run's folder", async () => {
  const run = await startRunBench();
  const metadataToken = (
    await sendRaw(
      run.helper.metadataPort,
      `GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\r\nHost: 127.0.0.1:${run.helper.metadataPort}\r\nMetadata-Flavor: Google\r\nConnection: close\r\n\r\n`,
    )
  ).body;
  expect(metadataToken).toContain("gateway-token-");
  const places = [
    JSON.stringify(run.helper.environment),
    ...filesIn(run.helper.folder).map((file) => readFileSync(file, "utf8")),
  ];
  expect(places.length).toBeGreaterThan(3);
  for (const text of places) {
    for (const secret of [subjectToken, "gateway-token-", "refresh-token-"])
      expect(text).not.toContain(secret);
  }
  await run.close();
});

test("after a run its folder and its ports are gone, also when it is closed twice", async () => {
  const run = await startRunBench();
  const { folder, proxyPort } = run.helper;
  expect(existsSync(folder)).toBe(true);
  await run.helper.close();
  await run.helper.close();
  expect(existsSync(folder)).toBe(false);
  expect((await sendRaw(proxyPort, "GET / HTTP/1.1\r\n\r\n")).head).toBe("");
  await run.close();
});

test("a gateway in clear text on the network gets no token, and a helper that cannot start leaves no folder", async () => {
  const run = await startRunBench();
  const endpoint = {
    exchange: async () => ({
      accessToken: new Secret("t"),
      lifeMs: 1,
      refreshToken: undefined,
      sessionId: "ses_1",
    }),
    refresh: async () => {
      throw new Error("not asked");
    },
    end: async () => undefined,
  };
  const tokens = await TokenSource.open({ clock: run.clock, pause: async () => {}, endpoint });
  const attempt = startHelper({
    info: { ...run.plane.info, proxyUrl: "http://gateway.example.com:8441" },
    tokens,
    account: "developer@example.com",
    project: undefined,
    environment: {},
    checkPeer: () => ({ kind: "same_user" }),
    gatehouse: ["gatehouse"],
    notice: () => {},
  });
  await expect(attempt).rejects.toMatchObject({ code: "gateway_in_clear" });
  const folders = readdirSync(join(run.helper.folder, "..")).filter((name) =>
    name.startsWith(`gatehouse-run-${process.pid}-`),
  );
  expect(folders).toHaveLength(1);
  await run.close();
});

test("two runs share neither ports, nonce, folder nor session", async () => {
  const [one, other] = await Promise.all([
    startRunBench({ agent: "one" }),
    startRunBench({ agent: "other" }),
  ]);
  const names = ["HTTPS_PROXY", "GCE_METADATA_HOST", "CLOUDSDK_CONFIG", "SSL_CERT_FILE", "BOTO_PATH"];
  for (const name of names) expect(one.helper.environment[name]).not.toBe(other.helper.environment[name]);
  expect(one.nonce).not.toBe(other.nonce);
  expect(one.plane.forms()[0]?.get("agent")).toBe("one");
  expect(other.plane.forms()[0]?.get("agent")).toBe("other");
  await Promise.all([one.close(), other.close()]);
});

test("the session is opened by an RFC 8693 exchange of the person's ID token", async () => {
  const run = await startRunBench({ agent: "cursor" });
  expect(Object.fromEntries(run.plane.forms()[0] ?? [])).toEqual({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: subjectToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    agent: "cursor",
  });
  await run.close();
});

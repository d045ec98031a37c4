import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { findLeftovers } from "./leftovers.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "leftovers-test-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
});

function write(path: string, text: string): string {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Of this machine's own metadata server the test knows nothing. */
async function leftovers(environment: Record<string, string> = {}): Promise<string[]> {
  const found = await findLeftovers({ HOME: home, ...environment });
  return found.map(({ where }) => where).filter((where) => where !== "169.254.169.254");
}

test("application default credentials, key files, accounts and gsutil's own are each named, with what mends it", async () => {
  const adc = write(".config/gcloud/application_default_credentials.json", '{"type":"authorized_user"}');
  const key = write("key.json", '{"type":"service_account"}');
  const account = dirname(write(".config/gcloud/legacy_credentials/me@example.com/adc.json", "{}"));
  const boto = write(".boto", "[Credentials]\ngs_oauth2_refresh_token = secret\n");
  const found = await findLeftovers({ HOME: home, GOOGLE_APPLICATION_CREDENTIALS: key });
  expect(found.map(({ where }) => where)).toEqual(expect.arrayContaining([adc, key, account, boto]));
  expect(found.map(({ mend }) => mend)).toContain("gcloud auth revoke me@example.com");
  expect(JSON.stringify(found)).not.toContain("secret");
});

test("a credential in the environment is named, its value is not", async () => {
  const found = await findLeftovers({ HOME: home, GOOGLE_OAUTH_ACCESS_TOKEN: "ya29.secret" });
  expect(JSON.stringify(found)).toContain("unset GOOGLE_OAUTH_ACCESS_TOKEN");
  expect(JSON.stringify(found)).not.toContain("ya29");
});

test("a federated file whose tokens come from Gatehouse is no way past it; one of Google's is", async () => {
  const file = (token_url: string): string => JSON.stringify({ type: "external_account", token_url });
  const ours = write("ours.json", file("http://127.0.0.1:8440/v1/token"));
  const theirs = write("theirs.json", file("https://sts.googleapis.com/v1/token"));
  expect(await leftovers({ GOOGLE_APPLICATION_CREDENTIALS: ours })).toEqual([]);
  expect(await leftovers({ GOOGLE_APPLICATION_CREDENTIALS: theirs })).toEqual([theirs]);
});

test("a machine with nothing on it has nothing to warn of", async () => {
  write(".boto", "[GSUtil]\nparallel_thread_count = 1\n");
  expect(await leftovers()).toEqual([]);
});

test("what cannot be read as a file of ours is taken for a credential", async () => {
  const broken = write("broken.json", "{");
  expect(await leftovers({ GOOGLE_APPLICATION_CREDENTIALS: broken })).toEqual([broken]);
});

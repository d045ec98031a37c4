import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, expect, test } from "vitest";
import { readKey } from "./service-account-key.ts";

const folder = mkdtempSync(join(tmpdir(), "gatehouse-"));
afterAll(() => rmSync(folder, { recursive: true }));

const endpoint = new URL("http://127.0.0.1:8443");
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const pem = (key: typeof privateKey): string => key.export({ type: "pkcs8", format: "pem" }).toString();

const keyText = (change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    type: "service_account",
    private_key_id: "key-1",
    private_key: pem(privateKey),
    client_email: "runner@practice.iam.gserviceaccount.com",
    token_uri: "https://oauth2.googleapis.com/token",
    ...change,
  });

const path = join(folder, "key.json");

function read(text: string) {
  writeFileSync(path, text);
  return readKey(path, endpoint);
}

test.each([
  ["that is not JSON", keyText().slice(0, -5), "it is not JSON"],
  ["that is JSON but no object", "[]", "(the whole)"],
  ["of another kind", keyText({ type: "authorized_user" }), "(type)"],
  ["without a key", keyText({ private_key: undefined }), "(private_key)"],
  [
    "with a key that is none",
    keyText({ private_key: "-----BEGIN PRIVATE KEY-----\ncanary" }),
    "not an RSA key",
  ],
  ["with a key Google does not take", keyText({ private_key: pem(elliptic) }), "not an RSA key"],
  ["with a key id that is text", keyText({ private_key_id: "canary\nlog line" }), "(private_key_id)"],
  ["of another universe", keyText({ universe_domain: "evil.example.com" }), "(universe_domain)"],
  [
    "that sends assertions to a stranger",
    keyText({ token_uri: "https://evil.example.com/token" }),
    "token_uri",
  ],
  [
    "that hides a stranger behind Google",
    keyText({ token_uri: "https://oauth2.googleapis.com@evil.example.com/" }),
    "token_uri",
  ],
  [
    "that sends assertions to Google in clear",
    keyText({ token_uri: "http://oauth2.googleapis.com/token" }),
    "token_uri",
  ],
  [
    "that sends assertions to another port of the endpoint",
    keyText({ token_uri: "http://127.0.0.1:1/token" }),
    "token_uri",
  ],
  ["that is far too large", " ".repeat(70_000), "too large"],
])("a key file %s is refused, naming the file and nothing of what is in it", (_name, text, why) => {
  let problem: unknown;
  try {
    read(text);
  } catch (error) {
    problem = error;
  }
  expect(problem).toMatchObject({ code: "key_file_invalid" });
  const printed = inspect(problem, { depth: 20, showHidden: true, maxStringLength: null });
  expect(printed).toContain("key.json");
  expect(printed).toContain(why);
  expect(printed).not.toMatch(/canary|MII|BEGIN/);
});

test("a key's own token server counts only at the endpoint of its connection", () => {
  const here = keyText({ token_uri: "http://127.0.0.1:8443/token" });
  expect(read(here).tokenUrl?.href).toBe("http://127.0.0.1:8443/token");
  expect(() => readKey(path, undefined)).toThrow("token_uri");
  expect(read(keyText()).tokenUrl).toBeUndefined();
});

test("a key prints without itself", () => {
  expect(inspect(read(keyText()), { depth: 9, showHidden: true })).not.toContain("MII");
});

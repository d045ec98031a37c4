import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importJWK, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { openTokenKey } from "./token-key.ts";

const newPath = (): string => join(mkdtempSync(join(tmpdir(), "token-key-")), "keys", "token.pem");

test("a key file that other users can read is refused", async () => {
  const path = newPath();
  await openTokenKey(path);
  chmodSync(path, 0o644);
  await expect(openTokenKey(path)).rejects.toMatchObject({ code: "key_file_open_to_others" });
});

test("a file that holds another kind of key is refused, and its content is not quoted", async () => {
  const path = newPath();
  await openTokenKey(path);
  writeFileSync(path, "-----BEGIN PRIVATE KEY-----\nsecret words\n-----END PRIVATE KEY-----\n");
  const refusal = openTokenKey(path);
  await expect(refusal).rejects.toMatchObject({ code: "token_key_invalid" });
  await expect(refusal).rejects.not.toThrow("secret words");
});

test("the private half never shows in what the key hands out", async () => {
  const path = newPath();
  const key = await openTokenKey(path);
  expect(Object.keys(key.publicJwk)).toEqual(["kty", "crv", "x"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(key)).not.toContain(readFileSync(path, "utf8").split("\n")[1]);
});

test("a gateway token signed before a restart verifies after it", async () => {
  const path = newPath();
  const token = await (await openTokenKey(path)).sign({ sub: "someone" });
  const again = await openTokenKey(path);
  const { payload, protectedHeader } = await jwtVerify(token, await importJWK(again.publicJwk, "EdDSA"));
  expect(payload).toEqual({ sub: "someone" });
  expect(protectedHeader).toEqual({ alg: "EdDSA", typ: "at+jwt", kid: again.keyId });
});

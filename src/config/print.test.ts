import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { configurationSchema } from "./configuration.ts";
import { printConfiguration } from "./print.ts";
import { readSecret, secretReference } from "./secret-reference.ts";

const canary = "canary-of-a-secret-0123456789";

const sound = configurationSchema.parse({
  identity: {
    issuers: [
      { issuer: "https://login.example.com", agent_client: "a", console_client: "c", web_client: "w" },
    ],
    roles: { "agent-user": [], approver: [], auditor: [], "policy-admin": [] },
  },
  connections: [{ name: "prod", identity: { kind: "application_default" } }],
  policies: ["policies"],
});

test("a secret that is referred to is shown as its place, by variable and by file, and never as its value", () => {
  const folder = mkdtempSync(join(tmpdir(), "print-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  vi.stubEnv("CANARY_VARIABLE", canary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const file = join(folder, "secret");
  writeFileSync(file, canary);
  const references = z.array(secretReference).parse([{ env: "CANARY_VARIABLE" }, { file }]);
  // The values are there to be found, or the search would prove nothing.
  for (const each of references) expect(readSecret(each).reveal()).toBe(canary);
  const { yaml, json } = printConfiguration({ ...sound, ...{ section: { client_secret: references } } });
  for (const shown of [yaml, JSON.stringify(json)]) {
    expect(shown).toContain("CANARY_VARIABLE");
    expect(shown).toContain(file);
    expect(shown).not.toContain(canary);
  }
});

test.each(["client_secret", "password", "access_token", "private_key", "passphrase"])(
  "a value written under %s, where no secret belongs, is hidden all the same",
  (name) => {
    const { yaml, json } = printConfiguration({ ...sound, ...{ section: [{ [name]: canary }] } });
    expect(yaml + JSON.stringify(json)).not.toContain(canary);
    expect(yaml).toContain("[hidden]");
  },
);

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { configurationSchema } from "#config";
import { changeOf } from "./configuration-sections.ts";
import { changePreparer, exchangeable } from "./prepared-change.ts";

const clients = { agent_client: "a", console_client: "c", web_client: "w" };
const never = (): never => {
  throw new Error("nothing is in force yet");
};

test("a change of which one half cannot be had leaves nobody behind who watches the other half", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const folder = mkdtempSync(join(tmpdir(), "prepared-change-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const masking = join(folder, "masking.yaml");
  writeFileSync(masking, "masking:\n  names: [secret]\n");
  const before = configurationSchema.parse({
    identity: {
      issuers: [{ issuer: "https://one.example.com", ...clients }],
      roles: { "agent-user": [], approver: [], auditor: [], "policy-admin": [] },
    },
    connections: [{ name: "practice", identity: { kind: "none" }, endpoint: "http://127.0.0.1:1" }],
    policies: [join(folder, "policies")],
  });
  const silent = () => undefined;
  const prepare = changePreparer({
    inForce: { get: () => before, set: never },
    connections: { prepare: never },
    policies: exchangeable({ current: never, close: never }),
    masking: exchangeable({ current: never, close: never }),
    providers: { prepare: never },
    identity: { replaceProviders: never, signOuts: { end: never }, sessions: { stop: never } },
    approvals: { withdrawStale: never },
    record: async () => undefined,
    log: { debug: silent, info: silent, warn: silent, error: silent },
  });
  const gone = { ...before, masking: [masking], policies: [join(folder, "gone")] };
  await expect(prepare(changeOf(before, gone))).rejects.toMatchObject({ code: "file_missing" });
  expect(vi.getTimerCount()).toBe(0);
});

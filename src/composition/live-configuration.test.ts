import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { NewEntry } from "#audit";
import { loadConfiguration } from "#config";
import type { ConfigurationChange } from "./configuration-sections.ts";
import { openLiveConfiguration } from "./live-configuration.ts";

const machine = {
  name: "ci",
  kind: "custom",
  issuer: "https://ci.example.com",
  audience: "gatehouse",
  allow: [{ claim: "sub", equals: "main" }],
  groups: ["robots"],
};
const clients = { agent_client: "a", console_client: "c", web_client: "w" };
const roles = { "agent-user": ["engineering", "robots"], approver: ["sre"], auditor: [], "policy-admin": [] };
const identity = { issuers: [{ issuer: "https://one.example.com", ...clients }], machines: [machine], roles };

/** A file that is followed, with nobody behind it who would change anything. `change` writes it anew and looks. */
async function followed(afterwards: () => Promise<void> = async () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), "live-configuration-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "gatehouse.yaml");
  const write = (changed: object): void =>
    writeFileSync(
      file,
      JSON.stringify({
        identity: { ...identity, ...changed },
        connections: [{ name: "practice", identity: { kind: "none" }, endpoint: "http://127.0.0.1:1" }],
        policies: ["policies.yaml"],
      }),
    );
  writeFileSync(join(folder, "policies.yaml"), "policies: []\n");
  write({});
  const first = loadConfiguration(file);
  const prepared: ConfigurationChange[] = [];
  const recorded: NewEntry[] = [];
  let look = (): void => undefined;
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const live = await openLiveConfiguration(
    {
      file,
      inForce: () => first,
      prepare: async (change) => {
        prepared.push(change);
        return { entries: [], commit: () => undefined, afterwards, discard: () => undefined };
      },
      record: async (entry) => void recorded.push(entry),
      log,
    },
    (_paths, onChange) => {
      look = onChange;
      return { close: () => undefined };
    },
  );
  onTestFinished(() => live.close());
  const change = async (changed: object): Promise<NewEntry | undefined> => {
    write(changed);
    const before = recorded.length;
    look();
    await expect.poll(() => recorded.length).toBeGreaterThan(before);
    return recorded.at(-1);
  };
  return { change, prepared, recorded };
}

test("a reload that drops a machine and gives its group a role is taken whole: the machine is not there to get it", async () => {
  const { change, prepared } = await followed();
  const entry = await change({ machines: [], roles: { ...roles, approver: ["sre", "robots"] } });
  expect(entry).toMatchObject({ kind: "config.change" });
  expect(prepared.at(-1)?.effective.identity.machines).toEqual([]);
});

test("a reload that drops a machine says whose sessions end with it, and needs no restart", async () => {
  const { change } = await followed();
  expect(await change({ machines: [] })).toMatchObject({
    kind: "config.change",
    detail: { sections: ["identity.providers"], ends: ["ci"], needsRestart: [] },
  });
});

test("a reload that keeps a machine and gives its group a role of people's is refused", async () => {
  const { change, prepared } = await followed();
  const before = prepared.length;
  const entry = await change({ roles: { ...roles, approver: ["sre", "robots"] } });
  expect(entry).toMatchObject({ kind: "config.refused" });
  expect(JSON.stringify(entry?.detail)).toContain("robots holds the role approver");
  expect(prepared).toHaveLength(before);
});

test("a change that is in force and whose sign-outs failed is not on record as one that was refused whole", async () => {
  let isFailing = false;
  const { change, recorded } = await followed(async () => {
    if (isFailing) throw new Error("disk full");
  });
  isFailing = true;
  await change({ roles: { ...roles, auditor: ["audit"] } });
  await expect
    .poll(() => recorded.at(-1))
    .toMatchObject({
      kind: "config.refused",
      detail: { problems: [expect.stringContaining("The change is in force, but")] },
    });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openLivePolicies } from "./live-rules.ts";

async function warningsAbout(when: string): Promise<readonly object[]> {
  const folder = mkdtempSync(join(tmpdir(), "live-rules-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "p.yaml");
  const rule = `{ name: r, effect: deny, when: '${when}' }`;
  writeFileSync(
    file,
    `policies:\n  - name: one\n    principals: { any: true }\n    rules:\n      - ${rule}\n`,
  );
  const warned: object[] = [];
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, error: quiet, warn: (facts: object) => warned.push(facts) };
  const live = await openLivePolicies([file], [], { record: async () => undefined, log });
  live.close();
  return warned;
}

test("policies come into force with a warning of rules that a project's number avoids, and without one otherwise", async () => {
  expect(await warningsAbout('resource.project == "prod-1"')).toEqual([
    { warnings: [expect.stringContaining("p.yaml:5: one/r: warning: It names a project by its id alone")] },
  ]);
  expect(await warningsAbout('resource.project in ["prod-1", "123456789012"]')).toEqual([]);
});

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPlaceholderKey } from "./placeholder-key.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "gatehouse-key-"));

test("a file that holds no key is refused and not overwritten", async () => {
  const path = join(folder(), "placeholder.key");
  writeFileSync(path, "short\n", { mode: 0o600 });
  await expect(openPlaceholderKey(path)).rejects.toMatchObject({ code: "placeholder_key_invalid" });
});

test("a session keeps its key over restarts, and no two sessions share one", async () => {
  const path = join(folder(), "placeholder.key");
  const first = await openPlaceholderKey(path);
  const again = await openPlaceholderKey(path);
  expect(again.forSession("ses_1")).toEqual(first.forSession("ses_1"));
  expect(first.forSession("ses_1")).not.toEqual(first.forSession("ses_2"));
});

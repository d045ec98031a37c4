import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { entryKinds } from "#lib/entry-words";

test("the kinds of entries in the documentation are the kinds in the code", () => {
  const page = readFileSync(new URL("../../docs/audit-log.md", import.meta.url), "utf8");
  const table = page.slice(page.indexOf("### Kinds"), page.indexOf("### Attachments"));
  const documented = [...table.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell]) =>
    [...(cell ?? "").matchAll(/`([^`]+)`/g)].map(([, kind]) => kind),
  );
  expect(documented.sort()).toEqual([...entryKinds].sort());
});

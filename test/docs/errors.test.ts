import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { refusalTable } from "#gateway";

test("the table of refusals in the documentation is the table in the code", () => {
  const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (.+) \|$/gm)].map(
    ([, reason, http, why]) => ({
      reason,
      http: Number(http),
      why,
    }),
  );
  const inCode = Object.values(refusalTable).map(({ reason, http, why }) => ({ reason, http, why }));
  expect(documented).toEqual(inCode);
});

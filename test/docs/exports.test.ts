import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exportExamples } from "./export-examples.ts";

test("every example of the page on exports is what the code makes, and every form has one", async () => {
  const page = readFileSync(new URL("../../docs/exports.md", import.meta.url), "utf8");
  const shown = [...page.matchAll(/^<!-- example: (\w+) -->\n```\w*\n([\s\S]*?)\n```$/gm)].map(
    ([, name, text]) => [name, text] as const,
  );
  expect(Object.fromEntries(shown)).toEqual(await exportExamples());
});

import { expect, test } from "vitest";
import { sayingProgress } from "./progress.ts";

test("a line for each hundred thousand entries, also where they come in pages", () => {
  const said: string[] = [];
  const checked = sayingProgress({ err: (text) => void said.push(text) });
  for (const entries of [1, 99_999, 100_352, 100_864, 199_999, 350_000, 399_999, 400_000]) checked(entries);
  expect(said).toEqual([
    "100352 entries checked so far.",
    "350000 entries checked so far.",
    "400000 entries checked so far.",
  ]);
});

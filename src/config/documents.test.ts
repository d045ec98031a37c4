import { expect, test } from "vitest";
import { readDocuments } from "./documents.ts";

test("a path that is not there is told by its own name, whoever gave it, a command line included", () => {
  expect(() => readDocuments(["no-such-policies"])).toThrow(
    "no-such-policies does not exist. Create it, or correct the path.",
  );
});

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

// A real PostgreSQL: the contract suites, and what happens to it. Everything skips with a printed reason where there is none.
export default defineConfig({
  root: path("../.."),
  test: {
    include: ["test/postgres/**/*.test.ts"],
    reporters: ["default", path("../../tools/summary-reporter.ts")],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});

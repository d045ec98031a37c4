import { defineConfig } from "vitest/config";

// Ways in: attacks on them, and identity providers nobody here wrote. Ends with the matrix of what was expected and seen.
export default defineConfig({
  test: {
    include: ["test/identity/**/*.test.ts"],
    reporters: ["default", "./tools/summary-reporter.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});

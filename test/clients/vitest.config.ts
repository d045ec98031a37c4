import { defineConfig } from "vitest/config";

// Real clients nobody here wrote. Each file skips with a printed reason where its client is not installed.
export default defineConfig({
  test: {
    include: ["test/clients/**/*.test.ts"],
    reporters: ["default", "./tools/summary-reporter.ts"],
    testTimeout: 240_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});

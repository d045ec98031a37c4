import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "practice/**/*.test.ts",
      "tools/**/*.test.ts",
      "test/scenarios/**/*.test.ts",
      "test/contracts/**/*.test.ts",
      "test/transcripts/**/*.test.ts",
      "test/docs/**/*.test.ts",
      "test/deploy/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**"],
    reporters: ["default", "./tools/summary-reporter.ts"],
    testTimeout: 20_000,
  },
});

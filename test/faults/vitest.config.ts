import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

// Slow and violent: processes are killed, disks fill up, syncs fail. Each test that the machine does not permit says so.
export default defineConfig({
  root: path("../.."),
  test: {
    include: ["test/faults/**/*.test.ts"],
    reporters: ["default", path("../../tools/summary-reporter.ts")],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});

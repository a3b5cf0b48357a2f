import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    // Compute-heavy suites share two cores; more workers only add noise.
    maxWorkers: 2,
  },
});

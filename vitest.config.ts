import { defineConfig } from "vitest/config";

export default defineConfig({
  // Examples import the package by its name, as users do; here that is the source, not the last build.
  resolve: {
    alias: {
      "unirep-ts/ad": new URL("./src/ad/index.ts", import.meta.url).pathname,
      "unirep-ts/client": new URL("./src/api/client/index.ts", import.meta.url)
        .pathname,
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    // Compute-heavy suites share two cores; more workers only add noise.
    maxWorkers: 2,
  },
});

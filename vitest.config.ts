// Unit and feature tests: they run inside workerd, beside the code they test.
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

process.env.OPERATOR_TOKEN ??= "test-operator-token";

export default defineConfig({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.toml" },
    }),
  ],
  test: {
    // Each file has a runtime of its own; one a core.
    maxWorkers: 2,
    // The request log has a line for every request that a test sends.
    onConsoleLog: (text) => !text.startsWith('{"event":"request"'),
    include: ["src/**/*.test.ts", "test/workflow/**/*.test.ts"],
    // `npm run prove:workflow` says here what to run.
    provide: { workflowProof: process.env.WORKFLOW_PROOF ?? "" },
    // The first touch of an object in a file compiles the whole Worker, which a busy machine takes its time for.
    testTimeout: 30_000,
    coverage: {
      provider: "istanbul",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 85 },
    },
  },
});

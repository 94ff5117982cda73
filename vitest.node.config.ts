// Whole-system tests: they run in Node, with real clients, against the product as `npm start` starts it.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // That one runs in workerd, where the objects it drives are.
    exclude: ["test/workflow/**"],
    globalSetup: ["test/helpers/shared-server.ts"],
    // One server and two cores: files in turn keep every figure and every failure readable.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});

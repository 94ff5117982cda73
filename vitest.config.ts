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
    include: ["src/**/*.test.ts"],
  },
});

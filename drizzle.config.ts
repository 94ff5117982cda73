// `npm run migrations:generate` compares the features' tables with migrations/ and writes the next migration.
import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "sqlite",
  driver: "durable-sqlite",
  schema: "./src/features/*/table.ts",
  out: "./migrations/team",
});

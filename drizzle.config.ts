// Compares the tables of one kind of object (OBJECT) with its migrations and writes the next; `npm run migrations:generate` does all.
import { defineConfig } from "drizzle-kit";

/** Where each kind of object keeps its tables, below src/features/<feature>/. */
const tables = {
  team: "table.ts",
  person: "person-table.ts",
  deployment: "deployment-table.ts",
  workspace: "workspace-table.ts",
} as const;

const object = process.env.OBJECT ?? "team";
if (!(object in tables)) throw new Error(`OBJECT is one of ${Object.keys(tables).join(", ")}`);

export default defineConfig({
  dialect: "sqlite",
  driver: "durable-sqlite",
  schema: `./src/features/*/${tables[object as keyof typeof tables]}`,
  out: process.env.MIGRATIONS_OUT ?? `./migrations/${object}`,
});
